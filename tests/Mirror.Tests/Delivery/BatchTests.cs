using System.IO.Compression;
using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class BatchTests
{
    [Fact]
    public void Writes_of_one_target_and_encoding_may_travel_together()
    {
        Assert.True(Batch.MayFollow(Records.Write("x", "m v=1"), Records.Write("x", "m v=2\n")));
        Assert.True(Batch.MayFollow(
            Records.Write("x", "m v=1", gzip: true), Records.Write("x", "m v=2", gzip: true)));
    }

    [Fact]
    public void What_differs_in_anything_a_destination_sees_travels_apart()
    {
        MirroredRecord first = Records.Write("x", "m v=1 1");

        Assert.All(
            (MirroredRecord[])
            [
                Records.Write("y", "m v=1 1"),
                Records.Write("X", "m v=1 1"),
                Records.Write("x", "m v=1 1", retentionPolicy: "week"),
                Records.Write("x", "m v=1 1", user: "u"),
                Records.Write("x", "m v=1 1", precision: Precision.Seconds),
                Records.Write("x", "m v=1 1", gzip: true),
                Records.Write("x", "m v=1 1", alone: true),
                Records.Raw("x", "m v=1 1"),
                Records.Statement("CREATE DATABASE x", ["x"]),
            ],
            other =>
            {
                Assert.False(Batch.MayFollow(first, other));
                Assert.False(Batch.MayFollow(other, first));
            });
    }

    [Fact]
    public async Task A_newline_goes_between_bodies_that_do_not_end_with_one()
    {
        Batch batch = new([Records.Write("x", "a v=1"), Records.Write("x", "b v=2\n"), Records.Write("x", "c v=3")]);

        Assert.Equal("a v=1\nb v=2\nc v=3", Encoding.UTF8.GetString(await BytesAsync(batch)));
    }

    [Fact]
    public async Task Gzip_bodies_follow_each_other_as_members_and_inflate_to_the_joined_lines()
    {
        Batch batch = new(
        [
            Records.Write("x", "a v=1", gzip: true), Records.Write("x", "b v=2\n", gzip: true),
            Records.Write("x", "c v=3", gzip: true),
        ]);
        using HttpContent content = batch.Content()!;

        using GZipStream gzip = new(new MemoryStream(await BytesAsync(batch)), CompressionMode.Decompress);
        using StreamReader reader = new(gzip);

        Assert.Equal("a v=1\nb v=2\nc v=3", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["gzip"], content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task The_length_announced_is_the_length_sent()
    {
        foreach (bool gzip in (bool[])[false, true])
        {
            Batch batch = new([Records.Write("x", "a v=1", gzip: gzip), Records.Write("x", "b v=2", gzip: gzip)]);
            using HttpContent content = batch.Content()!;

            Assert.Equal((await BytesAsync(batch)).Length, content.Headers.ContentLength);
        }
    }

    [Fact]
    public void A_write_is_text_and_a_raw_request_keeps_its_own_type()
    {
        using HttpContent write = new Batch([Records.Write("x", "a v=1")]).Content()!;
        using HttpContent raw = new Batch([Records.Raw("x", "b")]).Content()!;

        Assert.Equal("text/plain; charset=utf-8", write.Headers.ContentType!.ToString());
        Assert.Equal("application/x-protobuf", raw.Headers.ContentType!.ToString());
    }

    [Fact]
    public void A_statement_in_the_url_has_no_body() =>
        Assert.Null(new Batch([Records.Statement("CREATE DATABASE x", ["x"])]).Content());

    [Fact]
    public void Halves_keep_the_order_and_lose_nothing()
    {
        for (int count = 2; count < 9; count++)
        {
            List<MirroredRecord> records = [.. Enumerable.Range(0, count).Select(n => Records.Write("x", $"m v={n}"))];

            (Batch left, Batch right) = new Batch(records).Halves();

            Assert.Equal(records, left.Records.Concat(right.Records));
            Assert.InRange(left.Count, 1, count - 1);
        }
    }

    [Fact]
    public async Task Its_bodies_may_be_let_go_while_they_are_still_being_sent()
    {
        MirroredRecord record = Records.Write("x", "m v=1");
        record.Hold();
        using HttpContent content = new Batch([record]).Content()!;
        using SlowStream stream = new();

        Task copy = content.CopyToAsync(stream, TestContext.Current.CancellationToken);
        record.LetGo();
        stream.GoOn();
        await copy;

        Assert.Equal("m v=1"u8.ToArray(), stream.ToArray());
    }

    private static async Task<byte[]> BytesAsync(Batch batch)
    {
        using HttpContent content = batch.Content()!;
        return await content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Takes the bytes only once it may go on.</summary>
    private sealed class SlowStream : MemoryStream
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _go.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            await _go.Task;
            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
