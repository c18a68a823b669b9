using System.Globalization;
using System.Text;
using Vrrp.Daemon.Checks;
using Vrrp.Daemon.Loop;

namespace Vrrp.Daemon.Telemetry;

/// <summary>Every metric, in Prometheus' text format.</summary>
internal static class DaemonMetrics
{
    private const double Million = 1e6;

    /// <summary>Writes all metrics.</summary>
    public static string Write(DaemonStatus status)
    {
        MetricsText text = new();
        text.Add("vrrpd_info", "gauge", "Constant 1; the version is a label.", 1, ("version", status.Version));
        text.Add("vrrpd_config_last_reload_successful", "gauge",
            "Whether the last configuration that was read is in force.", status.LastReloadSuccessful ? 1 : 0);
        text.Add("vrrpd_guardian_up", "gauge", "Whether the guardian runs.", status.GuardianProcess == 0 ? 0 : 1);
        text.Add("vrrpd_loop_up", "gauge", "Whether the loop answers.", status.Loop is null ? 0 : 1);
        if (status.Loop is { } loop)
            WriteLoop(text, loop);
        foreach ((bool isPeer, string name, CheckStatus check) in status.Checks)
            WriteCheck(text, isPeer, name, check);
        return text.ToString();
    }

    private static void WriteLoop(MetricsText text, LoopSnapshot loop)
    {
        text.Add("vrrpd_loop_realtime", "gauge", "Whether the loop is in the realtime class.", loop.IsRealtime ? 1 : 0);
        text.Add("vrrpd_loop_steps_total", "counter", "Passes of the loop.", loop.Steps);
        text.Add("vrrpd_loop_lateness_max_seconds", "gauge", "Greatest delay of a deadline since the start.",
            loop.LatenessMax / Million);
        text.Add("vrrpd_loop_pauses_total", "counter", "Pauses longer than half a lease.", loop.Pauses);
        text.Add("vrrpd_packets_unreadable_total", "counter", "Packets that told no virtual router.", loop.Unreadable);
        for (int id = 0; id < loop.Unknown.Length; id++)
        {
            if (loop.Unknown[id] > 0)
            {
                text.Add("vrrpd_adverts_unknown_total", "counter",
                    "Advertisements for virtual routers that are not configured here.", loop.Unknown[id],
                    ("vrid", id.ToString(CultureInfo.InvariantCulture)));
            }
        }

        foreach (InstanceSnapshot instance in loop.Instances)
            WriteInstance(text, loop, instance);
    }

    private static void WriteInstance(MetricsText text, LoopSnapshot loop, in InstanceSnapshot snapshot)
    {
        (string, string) name = ("instance", snapshot.Instance.Name);
        InstanceCounters counters = snapshot.Instance.Counters;
        foreach (RouterState state in Enum.GetValues<RouterState>())
        {
            text.Add("vrrpd_state", "gauge", "1 for the state the instance is in.", snapshot.State == state ? 1 : 0,
                name, ("state", state.ToString()));
        }

        text.Add("vrrpd_state_age_seconds", "gauge", "Time since the last transition.",
            (loop.At - snapshot.ChangedAt) / Million, name);
        text.Add("vrrpd_priority", "gauge", "Effective priority.", snapshot.Priority, name);
        text.Add("vrrpd_link_up", "gauge", "Whether the interface is up.", snapshot.IsLinkUp ? 1 : 0, name);
        text.Add("vrrpd_addresses_held", "gauge", "Whether the addresses are here.", snapshot.HasAddresses ? 1 : 0,
            name);
        text.Add("vrrpd_lease_age_seconds", "gauge", "Time since the leases were prolonged.",
            snapshot.LeaseAge / Million, name);
        text.Add("vrrpd_transitions_total", "counter", "Changes of state.", counters.Transitions, name);
        text.Add("vrrpd_masterships_total", "counter", "Times the instance became Master.", counters.Masterships, name);
        text.Add("vrrpd_adverts_sent_total", "counter", "Advertisements sent.", counters.AdvertsSent, name);
        text.Add("vrrpd_adverts_received_total", "counter", "Advertisements accepted.", counters.AdvertsReceived, name);
        text.Add("vrrpd_announcements_sent_total", "counter", "Gratuitous ARPs and neighbour advertisements sent.",
            counters.Announcements, name);
        text.Add("vrrpd_send_failures_total", "counter", "Frames and packets the kernel refused.",
            counters.SendFailures, name);
        text.Add("vrrpd_address_failures_total", "counter", "Changes of addresses the kernel refused.",
            counters.AddressFailures, name);
        text.Add("vrrpd_deadline_lateness_max_seconds", "gauge", "Greatest delay of a deadline since the start.",
            counters.LatenessMax / Million, name);
        foreach (AdvertFault fault in Enum.GetValues<AdvertFault>())
        {
            if (fault != AdvertFault.None)
            {
                text.Add("vrrpd_adverts_refused_total", "counter", "Advertisements refused, by reason.",
                    counters.Refused[(int)fault], name, ("reason", fault.ToString()));
            }
        }

        foreach (SenderCount sender in snapshot.RefusedSenders)
        {
            text.Add("vrrpd_adverts_refused_by_sender_total", "counter",
                "Advertisements refused, by reason and sender; the first senders only.", sender.Count, name,
                ("reason", sender.Fault.ToString()), ("sender", sender.Sender.ToString()));
        }

        foreach (RouterAlert alert in Enum.GetValues<RouterAlert>())
        {
            if (alert != RouterAlert.None)
            {
                text.Add("vrrpd_alerts_total", "counter", "What the operator should look at, by kind.",
                    counters.Alerts[(int)alert], name, ("kind", alert.ToString()));
            }
        }
    }

    private static void WriteCheck(MetricsText text, bool isPeer, string name, CheckStatus check)
    {
        (string, string)[] labels = [("check", name), ("peer", isPeer ? "true" : "false")];
        text.Add("vrrpd_check_healthy", "gauge", "Whether the check is well.",
            check.Health == Health.Healthy ? 1 : 0, labels);
        text.Add("vrrpd_check_latency_seconds", "gauge", "How long the check last took.",
            check.Latency.TotalSeconds, labels);
        text.Add("vrrpd_check_runs_total", "counter", "Times the check looked.", check.Runs, labels);
        text.Add("vrrpd_check_failures_total", "counter", "Times the check failed.", check.Failures, labels);
    }
}

/// <summary>Collects samples; those of a metric stand together, however they come.</summary>
internal sealed class MetricsText
{
    private readonly Dictionary<string, StringBuilder> _metrics = [];

    /// <summary>Adds a sample.</summary>
    public void Add(
        string name, string type, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        if (!_metrics.TryGetValue(name, out StringBuilder? text))
            _metrics.Add(name, text = new($"# HELP {name} {help}\n# TYPE {name} {type}\n"));
        text.Append(name);
        char separator = '{';
        foreach ((string label, string said) in labels)
        {
            text.Append(separator).Append(label).Append("=\"").Append(Escaped(said)).Append('"');
            separator = ',';
        }

        if (labels.Length > 0)
            text.Append('}');
        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    public override string ToString() => string.Concat(_metrics.Values);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
