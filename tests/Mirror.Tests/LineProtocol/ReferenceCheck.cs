using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>Compares a scan in all its parts with what <see cref="ReferenceParser"/> says of the body.</summary>
internal static class ReferenceCheck
{
    public static void Agrees(byte[] body, Precision precision = Precision.Nanoseconds)
    {
        List<ReferenceParser.Line> lines = new ReferenceParser(precision).Parse(body);
        foreach (ReferenceParser.Line line in lines.FindAll(l => l.Fault != LineFault.None))
            Assert.Equal(line.Fault, PointParser.Parse(body.AsSpan(line.Start..line.End), precision).Fault);

        Agrees(body, precision, lines, blocks: true);
        Agrees(body, precision, lines, blocks: false);
    }

    private static void Agrees(byte[] body, Precision precision, List<ReferenceParser.Line> lines, bool blocks)
    {
        using InsertionPoints ends = new();
        using InsertionPoints faulty = new();
        BodyScan scan = LineScanner.Scan(body, precision, ends, faulty, blocks);

        List<ReferenceParser.Line> faults = lines.FindAll(l => l.Fault != LineFault.None);
        List<ReferenceParser.Line> points = lines.FindAll(l => l.Fault == LineFault.None);
        Assert.Equal(faults.SelectMany(l => (int[])[l.Start, l.End]), faulty.AsSpan().ToArray());
        Assert.Equal(
            faults.Select(l => new LineFaultLocation(l.Start, l.End - l.Start, l.Fault)).FirstOrDefault(),
            scan.FirstFault);
        Assert.Equal(
            (points.Count, faults.Count, points.Count(l => !l.Stamped)), (scan.Points, scan.Faults, scan.Unstamped));
        Assert.Equal(points.Where(l => l.Stampable).Select(l => l.End), ends.AsSpan().ToArray());
        Assert.Equal(scan.Unstamped - ends.Count, scan.Unstampable);
        Assert.Equal(faults.Exists(l => l.Fault == LineFault.EndsInfluxd), scan.EndsInfluxd);
        Assert.Equal(faults.Exists(l => l.Fault == LineFault.TagCountFailsInfluxd), scan.FailsInfluxd);
    }
}
