namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Additions to the text of a lab's configuration, for <see cref="LabChange.Rewrite"/>.</summary>
internal static class LabText
{
    /// <summary>JSON members of one of vrrpd's two routers.</summary>
    public static Func<string, string> InRouter(int router, string members) =>
        text => Replaced(text, $"\"VI_{router}\": {{", $"\"VI_{router}\": {{ {members},");

    /// <summary>JSON members of vrrpd's whole configuration.</summary>
    public static Func<string, string> AtTop(string members) =>
        text => Replaced(text, "{ \"Instances\"", $"{{ {members}, \"Instances\"");

    /// <summary>Statements of one of keepalived's two instances.</summary>
    public static Func<string, string> InKeepalived(int router, string statements) =>
        text => Replaced(text, $"virtual_router_id {router}00", $"virtual_router_id {router}00\n{statements}");

    // A replacement that replaces nothing would make its test a test of something else.
    private static string Replaced(string text, string old, string next) =>
        text.Contains(old, StringComparison.Ordinal)
            ? text.Replace(old, next, StringComparison.Ordinal)
            : throw new InvalidOperationException($"no {old} in {text}");
}
