namespace InfluxMirror.Inputs;

/// <summary>Whether the host added the mirror's pipeline step.</summary>
internal sealed class MirrorPipeline
{
    /// <summary>It did.</summary>
    public bool IsUsed { get; set; }
}
