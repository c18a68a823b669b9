namespace InfluxMirror.Delivery;

/// <summary>A destination's address, parsed once for each text.</summary>
internal sealed class CachedAddress
{
    private volatile Tuple<string, Uri>? _last;

    public Uri Of(string text)
    {
        var last = _last;
        if (last is null || last.Item1 != text)
            _last = last = Tuple.Create(text, new Uri(text, UriKind.Absolute));
        return last.Item2;
    }

    /// <summary>An address as it may be shown: it may hold a user and a password.</summary>
    public static string Shown(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
            ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : "";
}
