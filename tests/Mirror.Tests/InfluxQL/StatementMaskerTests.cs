using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

public sealed class StatementMaskerTests
{
    [Theory]
    [InlineData("CREATE USER u WITH PASSWORD 's3cret'", "CREATE USER u WITH PASSWORD '[REDACTED]'")]
    [InlineData(
        "create user u with/**/password\n-- s3 'x'\n's3cret' WITH ALL PRIVILEGES",
        "create user u with/**/password\n-- s3 'x'\n'[REDACTED]' WITH ALL PRIVILEGES")]
    [InlineData("SET PASSWORD FOR u = 's3cret'", "SET PASSWORD FOR u = '[REDACTED]'")]
    [InlineData(
        "set password for \"a = 'b'\"='s3\\'cret';SELECT 'x'",
        "set password for \"a = 'b'\"='[REDACTED]';SELECT 'x'")]
    [InlineData(
        "CREATE USER a WITH PASSWORD 's3cret'; CREATE USER b WITH PASSWORD 's3cret2'",
        "CREATE USER a WITH PASSWORD '[REDACTED]'; CREATE USER b WITH PASSWORD '[REDACTED]'")]
    [InlineData("CREATE USER u WITH PASSWORD \"s3cret\"", "CREATE USER u WITH PASSWORD '[REDACTED]'")]
    [InlineData(
        "CREATE USER u WITH PASSWORD s3 - cret; SHOW USERS",
        "CREATE USER u WITH PASSWORD '[REDACTED]'; SHOW USERS")]
    [InlineData("CREATE USER u WITH PASSWORD 's3cret", "CREATE USER u WITH PASSWORD '[REDACTED]'")]
    [InlineData("SELECT 'x; SET PASSWORD FOR u = 's3cret'", "SELECT 'x; SET PASSWORD '[REDACTED]'")]
    [InlineData("SET PASSWORD u 's3cret'", "SET PASSWORD '[REDACTED]'")]
    public void Passwords_are_hidden(string query, string masked)
    {
        Assert.Equal(masked, StatementMasker.Mask(query));
        Assert.DoesNotContain("s3cret", StatementMasker.Mask(query), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT v FROM m WHERE h = 'x'")]
    [InlineData("SELECT \"password\" FROM m WHERE h = 'password'")]
    [InlineData("CREATE USER u WITH PASSWORD $p")]
    [InlineData("CREATE USER u WITH PASSWORD")]
    [InlineData("SET PASSWORD FOR u")]
    public void Other_queries_are_left_alone(string query) => Assert.Same(query, StatementMasker.Mask(query));
}
