using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class VerdictTests
{
    [Theory]
    [InlineData(204, "", VerdictKind.Delivered)]
    [InlineData(200, "", VerdictKind.Delivered)]
    [InlineData(404, "database not found: \"x\"", VerdictKind.ParkDatabase)]
    [InlineData(500, "retention policy not found: x", VerdictKind.ParkRetentionPolicy)]
    [InlineData(401, "authorization failed", VerdictKind.ParkAccount)]
    [InlineData(401, "unable to parse authentication credentials", VerdictKind.ParkAccount)]
    [InlineData(403, "\"u\" user is not authorized to write to database \"x\"", VerdictKind.ParkAccount)]
    [InlineData(408, "", VerdictKind.Retry)]
    [InlineData(429, "", VerdictKind.Retry)]
    [InlineData(500, "timeout", VerdictKind.Retry)]
    [InlineData(500, "engine: cache-max-memory-size exceeded: (1/1)", VerdictKind.Retry)]
    [InlineData(500, "write /var/lib/influxdb/wal: no space left on device", VerdictKind.Retry)]
    [InlineData(502, "", VerdictKind.Retry)]
    [InlineData(503, "request throttled, queue full", VerdictKind.Retry)]
    [InlineData(503, "request throttled, exceeds timeout", VerdictKind.Retry)]
    [InlineData(504, "", VerdictKind.Retry)]
    [InlineData(413, "Request Entity Too Large", VerdictKind.TooLarge)]
    [InlineData(400, "unable to parse 'm': missing fields", VerdictKind.Rejected)]
    [InlineData(400, "database is required", VerdictKind.Rejected)]
    [InlineData(404, "404 page not found", VerdictKind.Rejected)]
    [InlineData(405, "", VerdictKind.Rejected)]
    [InlineData(422, "", VerdictKind.Rejected)]
    [InlineData(301, "", VerdictKind.Rejected)]
    [InlineData(307, "", VerdictKind.Rejected)]
    public void An_answer_means(int status, string error, VerdictKind kind)
    {
        Verdict verdict = Verdict.Of(status, error);

        Assert.Equal(kind, verdict.Kind);
        Assert.False(verdict.IsPartial);
        Assert.Equal(0, verdict.DroppedPoints);
    }

    [Theory]
    [InlineData("partial write: unable to parse 'm': missing fields dropped=0", 0)]
    [InlineData("partial write: field type conflict: input field \"v\" is type float dropped=17", 17)]
    [InlineData("partial write: points beyond retention policy dropped=3", 3)]
    [InlineData("partial write: unable to parse 'm dropped=9': missing fields dropped=2", 2)]
    [InlineData("partial write: max-values-per-tag limit exceeded (1/1): dropped=5 of 6", 5)]
    [InlineData("partial write: no number here", 0)]
    [InlineData("partial write: dropped=99999999999999999999", 0)]
    public void A_partial_write_was_stored_but_for_what_it_says_it_dropped(string error, int dropped) =>
        Assert.Equal(new Verdict(VerdictKind.Rejected, dropped, IsPartial: true), Verdict.Of(400, error));

    [Fact]
    public void Words_of_a_partial_write_inside_a_line_are_not_one() =>
        Assert.False(Verdict.Of(400, "unable to parse 'partial write: dropped=3': missing fields").IsPartial);
}
