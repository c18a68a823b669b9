namespace Gateway.Configuration;

/// <summary>The flat values as the framework's logging and Kestrel see them; replaced with each swap.</summary>
internal sealed class SettingsValues : ConfigurationProvider, IConfigurationSource
{
    public SettingsValues(GatewaySettings settings) => Set(settings);

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public void Swap(GatewaySettings settings)
    {
        Set(settings);
        OnReload();
    }

    private void Set(GatewaySettings settings) =>
        Data = settings.Values.AsEnumerable()
            .Where(pair => pair.Value is not null)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
}
