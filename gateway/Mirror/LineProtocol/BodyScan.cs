namespace InfluxMirror.LineProtocol;

/// <summary>What <see cref="LineScanner"/> found in one body.</summary>
public record struct BodyScan
{
    /// <summary>Lines that hold a point and are accepted by influxd's parser.</summary>
    public int Points { get; set; }

    /// <summary>Lines influxd refuses.</summary>
    public int Faults { get; set; }

    /// <summary>Points without a timestamp.</summary>
    public int Unstamped { get; set; }

    /// <summary>
    /// Those of <see cref="Unstamped"/> to which no timestamp can be added without changing another byte, as the
    /// line ends in a backslash or in text influxd skips: each server takes its own time for them.
    /// </summary>
    public int Unstampable { get; set; }

    /// <summary>The first refused line; its fault is <see cref="LineFault.None"/> if there is none.</summary>
    public LineFaultLocation FirstFault { get; set; }

    /// <summary>Some line would end the influxd process: the body must not reach any server.</summary>
    public bool EndsInfluxd { get; set; }

    /// <summary>Some line makes influxd answer 500 to the whole body, for ever.</summary>
    public bool FailsInfluxd { get; set; }

    /// <summary>The last line is closed, so another body may follow directly.</summary>
    public bool EndsWithNewline { get; set; }

    /// <summary>
    /// The last line is open: it ends inside quotes or with an escape, so that whatever followed would become part
    /// of it, even behind a newline.
    /// </summary>
    public bool EndsOpen { get; set; }
}
