using Microsoft.Extensions.Options;

namespace InfluxMirror.Tests.Writes;

/// <summary>Options that a test holds in its hand.</summary>
internal sealed class FixedOptions(MirrorOptions options) : IOptionsMonitor<MirrorOptions>
{
    public MirrorOptions CurrentValue => options;

    public MirrorOptions Get(string? name) => options;

    public IDisposable? OnChange(Action<MirrorOptions, string?> listener) => null;
}
