namespace Gateway.SystemTests.Setup;

/// <summary>Names of the gateway's metrics and labels as these tests read them.</summary>
internal static class MetricNames
{
    public const string Destination = "destination";

    // States of the account, which goes on across restarts.
    public const string Accepted = "influxmirror_account_points:accepted";
    public const string Delivered = "influxmirror_account_points:delivered";
    public const string Pending = "influxmirror_account_points:pending";
    public const string Rejected = "influxmirror_account_points:rejected";
    public const string Dropped = "influxmirror_account_points:dropped";

    // What the process counted.
    public const string AcceptedTotal = "influxmirror_points_accepted_total";
    public const string DeliveredTotal = "influxmirror_points_delivered_total";
    public const string RejectedTotal = "influxmirror_points_rejected_total";

    public const string Fit = "influxmirror_destination_fit";
    public const string NeedsResync = "influxmirror_destination_needs_resync";
    public const string Divergences = "influxmirror_divergences_total";

    public const string Parked = "influxmirror_points_parked";
    public const string Damages = "influxmirror_journal_damages_total";
    public const string GapPoints = "influxmirror_gap_points";

    public const string SetAside = "influxmirror_records_set_aside_total";

    public const string LastReloadSuccessful = "config_last_reload_successful";
}
