using System.Text.Json;
using System.Text.Json.Serialization;

namespace InfluxMirror.Delivery;

/// <summary>
/// What a courier keeps beside its cursor, as JSON: its account up to a position, and whether its destination needs
/// a resync.
/// </summary>
/// <param name="Through">Entries up to this position are in the account; behind it those that are done.</param>
/// <param name="Tally">The account.</param>
/// <param name="NeedsResync">Records were dropped for it, or it came when others had data already.</param>
/// <param name="Members">
/// The destinations of the cluster: one of them without a cursor has lost it, and is not a new one.
/// </param>
/// <param name="Since">Up to this position it got nothing: it was no destination then.</param>
/// <param name="Vanished">Positions of records after which the destination vanished once; null for none.</param>
/// <param name="Parked">Places that records are parked for; null for none, and from a program without them.</param>
internal sealed record CourierState(
    long Through, TallySnapshot Tally, bool NeedsResync, IReadOnlyList<string> Members, long Since = 0,
    IReadOnlyList<long>? Vanished = null, IReadOnlyList<ParkedPlace>? Parked = null)
{
    /// <summary>The bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, CourierStateJson.Default.CourierState);

    /// <summary>
    /// What was written for a destination that was removed, and does not get all that there is up to a position.
    /// </summary>
    /// <param name="bytes">What was written.</param>
    /// <param name="members">The destinations now, of which it is none.</param>
    /// <param name="through">The position.</param>
    public static CourierState Forsaken(ReadOnlySpan<byte> bytes, IReadOnlyList<string> members, long through)
    {
        var state = Decode(bytes) ?? new CourierState(0, default, NeedsResync: true, members);
        return state with { NeedsResync = true, Members = members, Since = Math.Max(state.Since, through) };
    }

    /// <summary>What was written; null when there is nothing that can be read.</summary>
    public static CourierState? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.IsEmpty ? null : JsonSerializer.Deserialize(bytes, CourierStateJson.Default.CourierState);
        }
        catch (JsonException)
        {
            // Of a version this program does not know: the account begins anew, the cursor is as good as ever.
            return null;
        }
    }
}

[JsonSerializable(typeof(CourierState))]
internal sealed partial class CourierStateJson : JsonSerializerContext;
