using System.Globalization;

namespace Gateway.SystemTests.Setup;

/// <summary>A number that whoever runs the tests may set (see tests/README.md).</summary>
internal static class Setting
{
    /// <summary>What an environment variable says, or what is usual.</summary>
    public static int Of(string name, int usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : usual;
}
