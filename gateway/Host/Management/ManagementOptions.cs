using System.ComponentModel.DataAnnotations;

namespace Gateway.Management;

/// <summary>The management listener.</summary>
internal sealed class ManagementOptions
{
    /// <summary>
    /// A secret that allows calls which change something from other machines than this one
    /// (<c>Authorization: Bearer …</c>). Default none: such calls come from this machine only.
    /// </summary>
    [MinLength(16)]
    public string? Token { get; set; }
}
