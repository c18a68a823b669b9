using System.IO.Compression;

namespace Gateway.SimulationTests.Cluster;

/// <summary>Bodies as they travel, and what a server reads in them.</summary>
internal static class BodyText
{
    /// <summary>Compressed, but hardly smaller: what is large is to take room.</summary>
    public static byte[] Gzip(byte[] text)
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.NoCompression))
            gzip.Write(text);
        return result.ToArray();
    }

    /// <summary>The text of a body, of one gzip member or several.</summary>
    public static byte[] Read(byte[] body, string? encoding)
    {
        if (encoding is null)
            return body;
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress))
            gzip.CopyTo(result);
        return result.ToArray();
    }
}
