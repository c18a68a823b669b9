using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>
/// Notices the case that validation should have excluded: YARP refuses settings that were found valid. YARP logs the
/// reason itself and keeps its routes.
/// </summary>
internal sealed class ProxyApplyListener(ReloadOutcome outcome) : IConfigChangeListener
{
    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) =>
        outcome.Record([new(ProxySection.Name, exception.Message)]);

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) =>
        outcome.Record([new(ProxySection.Name, exception.Message)]);

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }
}
