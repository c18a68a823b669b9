using System.Security.Cryptography;
using System.Text;
using InfluxMirror.LineProtocol;

namespace InfluxMirror.Delivery;

/// <summary>
/// Where a write goes, apart from the server: path, query string and credentials as the client sent them. Two writes
/// of the same target may be merged into one request. Holds secrets: it is never printed.
/// </summary>
public sealed class WriteTarget : IEquatable<WriteTarget>
{
    private byte[]? _inHeader;

    /// <summary>Path and query, as the destination gets them; begins with <c>/</c>.</summary>
    public required string PathAndQuery { get; init; }

    /// <summary>The <c>Authorization</c> header, or null.</summary>
    public required string? Authorization { get; init; }

    /// <summary>The database; empty when the request names none.</summary>
    public required string Database { get; init; }

    /// <summary>The retention policy, or null for the database's default.</summary>
    public required string? RetentionPolicy { get; init; }

    /// <summary>The unit of the timestamps.</summary>
    public required Precision Precision { get; init; }

    /// <summary>
    /// Who writes, as InfluxDB sees it: the <c>u</c> and <c>p</c> parameters win over the header. Only compared.
    /// </summary>
    public required string Account { get; init; }

    /// <summary>Stands for the account where a secret has no business.</summary>
    internal string AccountHash => field ??= Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Account)));

    /// <summary>Its part of a record's header, which many records share.</summary>
    internal ReadOnlySpan<byte> InHeader => _inHeader ??= RecordHeader.EncodeStrings(this);

    /// <inheritdoc/>
    public bool Equals(WriteTarget? other) =>
        ReferenceEquals(this, other) ||
        (other is not null && PathAndQuery == other.PathAndQuery && Authorization == other.Authorization);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WriteTarget);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PathAndQuery, Authorization);
}
