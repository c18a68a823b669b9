using System.Text;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class AllocationTests
{
    [Fact]
    public void Scanning_and_stamping_allocate_nothing()
    {
        StringBuilder lines = new();
        for (int i = 0; i < 500; i++)
        {
            lines.Append($"disk,host=srv{i},path=/ free={i}i,used=0.5,ok=true,name=\"a b\"\n");
            lines.Append($"m\\ n,b=1,a=2,c=3 v={i}e-3 {i}\nm,a=1,a=2 v=1\nm s=\"\\\"\",v=9223372036854775808i\n");
        }

        byte[] body = Encoding.UTF8.GetBytes(lines.ToString());
        byte[] stamped = new byte[body.Length * 2];
        using InsertionPoints ends = new();
        int written = ScanAndStamp();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            written = ScanAndStamp();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(body.Length + 500 * " 1700000000000000000".Length, written);

        int ScanAndStamp()
        {
            ends.Clear();
            LineScanner.Scan(body, Precision.Nanoseconds, ends);
            return TimestampStamper.Stamp(body, ends.AsSpan(), 1_700_000_000_000_000_000, stamped);
        }
    }
}
