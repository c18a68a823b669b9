namespace Gateway.Configuration;

/// <summary>One thing wrong with the configuration.</summary>
/// <param name="Path">Where: a configuration path as in <c>Mirror:Journal:BufferSizeMB</c>; empty for the file.</param>
/// <param name="Message">What, in words that follow the path.</param>
internal sealed record ConfigFault(string Path, string Message)
{
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
