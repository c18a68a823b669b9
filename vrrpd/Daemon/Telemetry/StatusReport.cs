using System.Globalization;
using System.Text;
using System.Text.Json;
using Vrrp.Daemon.Checks;
using Vrrp.Daemon.Loop;

namespace Vrrp.Daemon.Telemetry;

/// <summary>The daemon's status as JSON, and as text for people.</summary>
internal static class StatusReport
{
    /// <summary>JSON in UTF-8.</summary>
    public static byte[] Json(DaemonStatus status)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("version", status.Version);
            json.WriteBoolean("configLastReloadSuccessful", status.LastReloadSuccessful);
            json.WriteNumber("guardianProcess", status.GuardianProcess);
            json.WriteBoolean("loopAnswers", status.Loop is not null);
            if (status.Loop is { } loop)
                WriteLoop(json, loop);
            json.WriteStartArray("checks");
            foreach ((bool isPeer, string name, CheckStatus check) in status.Checks)
                WriteCheck(json, isPeer, name, check);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>Text for people.</summary>
    public static string Text(DaemonStatus status)
    {
        StringBuilder text = new($"vrrpd {status.Version}\n");
        if (status.Loop is not { } loop)
            return text.Append("the loop does not answer\n").ToString();
        foreach (InstanceSnapshot snapshot in loop.Instances)
        {
            RouterConfig config = snapshot.Instance.Router.Config;
            text.Append(CultureInfo.InvariantCulture,
                $"{snapshot.Instance.Name}: {snapshot.State} for {Seconds(loop.At - snapshot.ChangedAt)} s: ")
                .Append(Reasons.Text(snapshot.LastChange)).Append('\n')
                .Append(CultureInfo.InvariantCulture,
                    $"  VRID {config.VirtualRouterId} on {snapshot.Instance.Config.Interface}, ")
                .Append(CultureInfo.InvariantCulture, $"priority {snapshot.Priority} ({snapshot.PriorityReason}), ")
                .Append(snapshot.HasAddresses ? "holds " : "does not hold ")
                .AppendJoin(", ", snapshot.Instance.Config.Addresses.Select(at => at.Address)).Append('\n');
            if (snapshot.State == RouterState.Backup && !snapshot.MasterAddress.IsNone)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"  master is {snapshot.MasterAddress} with priority {snapshot.MasterPriority}\n");
            }
        }

        foreach ((bool isPeer, string name, CheckStatus check) in status.Checks)
        {
            text.Append(isPeer ? "peer of " : "check ").Append(name).Append(": ")
                .Append(Reasons.Word(check.Health)).Append(", ").Append(check.Detail)
                .Append(CultureInfo.InvariantCulture, $" in {check.Latency.TotalMilliseconds:0.0} ms\n");
        }

        return text.ToString();
    }

    private static void WriteLoop(Utf8JsonWriter json, LoopSnapshot loop)
    {
        json.WriteBoolean("realtime", loop.IsRealtime);
        json.WriteNumber("latenessMaxSeconds", Seconds(loop.LatenessMax));
        json.WriteNumber("pauses", loop.Pauses);
        json.WriteStartArray("instances");
        foreach (InstanceSnapshot snapshot in loop.Instances)
            WriteInstance(json, loop, snapshot);
        json.WriteEndArray();
    }

    private static void WriteInstance(Utf8JsonWriter json, LoopSnapshot loop, in InstanceSnapshot snapshot)
    {
        RouterConfig config = snapshot.Instance.Router.Config;
        InstanceCounters counters = snapshot.Instance.Counters;
        json.WriteStartObject();
        json.WriteString("name", snapshot.Instance.Name);
        json.WriteNumber("virtualRouterId", config.VirtualRouterId);
        json.WriteString("interface", snapshot.Instance.Config.Interface);
        json.WriteString("state", snapshot.State.ToString());
        json.WriteString("reason", snapshot.LastChange.Reason.ToString());
        json.WriteString("reasonText", Reasons.Text(snapshot.LastChange));
        json.WriteNumber("sinceSeconds", Seconds(loop.At - snapshot.ChangedAt));
        json.WriteNumber("priority", snapshot.Priority);
        json.WriteString("priorityReason", snapshot.PriorityReason);
        json.WriteBoolean("linkUp", snapshot.IsLinkUp);
        json.WriteString("localAddress", snapshot.LocalAddress.IsNone ? null : snapshot.LocalAddress.ToString());
        json.WriteString("masterAddress", snapshot.MasterAddress.IsNone ? null : snapshot.MasterAddress.ToString());
        json.WriteNumber("masterPriority", snapshot.MasterPriority);
        json.WriteBoolean("holdsAddresses", snapshot.HasAddresses);
        json.WriteNumber("leaseAgeSeconds", Seconds(snapshot.LeaseAge));
        json.WriteStartArray("addresses");
        foreach (Configuration.VirtualAddress address in snapshot.Instance.Config.Addresses)
            json.WriteStringValue(address.Address.ToString());
        json.WriteEndArray();
        json.WriteNumber("transitions", counters.Transitions);
        json.WriteNumber("advertsSent", counters.AdvertsSent);
        json.WriteNumber("advertsReceived", counters.AdvertsReceived);
        json.WriteStartArray("refused");
        foreach (SenderCount sender in snapshot.RefusedSenders)
        {
            json.WriteStartObject();
            json.WriteString("sender", sender.Sender.ToString());
            json.WriteString("reason", sender.Fault.ToString());
            json.WriteNumber("count", sender.Count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCheck(Utf8JsonWriter json, bool isPeer, string name, CheckStatus check)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteBoolean("isPeer", isPeer);
        json.WriteString("health", check.Health.ToString());
        json.WriteString("detail", check.Detail);
        json.WriteNumber("latencySeconds", Math.Round(check.Latency.TotalSeconds, 6));
        json.WriteNumber("runs", check.Runs);
        json.WriteNumber("failures", check.Failures);
        json.WriteEndObject();
    }

    private static double Seconds(long micros) => Math.Round(micros / 1e6, 3);
}
