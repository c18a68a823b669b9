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
}
