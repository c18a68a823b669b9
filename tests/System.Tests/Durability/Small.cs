namespace Gateway.SystemTests.Durability;

/// <summary>Journals and records of a size that suits a test.</summary>
internal static class Small
{
    /// <summary>A journal of so many MiB at most, in sixteen segments.</summary>
    public static GatewayConfiguration Journal(int megabytes, string more = "") => new GatewayConfiguration().With(
        $$"""{ "Mirror": { "Journal": { "MaxBytes": {{megabytes * 1024L * 1024L}}{{more}} } } }""");

    /// <summary>One point behind a comment: the bytes are the gateway's burden, and hardly the server's.</summary>
    public static byte[] Padded(int number, int bytes)
    {
        byte[] body = new byte[bytes];
        body.AsSpan().Fill((byte)'x');
        body[0] = (byte)'#';
        byte[] line = System.Text.Encoding.ASCII.GetBytes($"\n{Line(number)}\n");
        line.CopyTo(body, bytes - line.Length);
        return body;
    }

    /// <summary>The point of a padded record.</summary>
    public static string Line(int number) => $"padded,n=number{number:00000} v={number}i {number}";
}
