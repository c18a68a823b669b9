namespace Gateway.SystemTests.Setup;

/// <summary>Names of the gateway's metrics and labels as these tests read them.</summary>
internal static class MetricNames
{
    public const string Destination = "destination";

    public const string Accepted = "mirror_points_accepted_total";
    public const string Delivered = "mirror_points_delivered_total";
    public const string Pending = "mirror_points_pending";
    public const string Rejected = "mirror_points_rejected_total";
    public const string Dropped = "mirror_points_dropped_total";

    public const string LastReloadSuccessful = "config_last_reload_successful";
}
