using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>F21: nothing that is printed of a record has a user, a password, a token or a credential in it.</summary>
public sealed class RecordTextTests
{
    [Theory]
    [InlineData("/write?db=x&u=joe&p=s3cret", "/write?db=x&u=[REDACTED]&p=[REDACTED]")]
    [InlineData("/write?%70=s3cret&db=x", "/write?p=[REDACTED]&db=x")]
    [InlineData("/write?db=x;p=s3cret", "/write?db=x&p=[REDACTED]")]
    [InlineData("/write?P=s3cret&Password=s3cret&token=s3cret", "/write?P=[REDACTED]&Password=[REDACTED]&token=[REDACTED]")]
    [InlineData("/query?q=SET+PASSWORD+FOR+joe+%3D+%27s3cret%27&db=x", "/query?q=SET PASSWORD FOR joe = '[REDACTED]'&db=x")]
    [InlineData("/query?q=DROP+MEASUREMENT+m", "/query?q=DROP MEASUREMENT m")]
    [InlineData("/api/v1/prom/write", "/api/v1/prom/write")]
    [InlineData("/write?p=%ZZs3cret", "/write?p=[REDACTED]")]
    public void A_target_is_shown_without_its_secrets(string target, string shown) =>
        Assert.Equal(shown, RecordText.Target(Target(target)));

    [Theory]
    [InlineData(null, null)]
    [InlineData("Basic am9lOnMzY3JldA==", "Basic [REDACTED]")]
    [InlineData("Token joe:s3cret", "Token [REDACTED]")]
    [InlineData("s3cret", "[REDACTED]")]
    public void Of_credentials_the_scheme_is_shown(string? header, string? shown) =>
        Assert.Equal(shown, RecordText.Authorization(Target("/write", header)));

    [Fact]
    public async Task A_statement_in_a_form_is_found_and_masked_and_its_other_fields_are_not_shown()
    {
        MirroredRecord record = new(SharedBuffer.Copy(
            "u=joe&p=s3cret&q=CREATE+USER+joe+WITH+PASSWORD+%27s3cret%27"u8))
        {
            Kind = RecordKind.Statement,
            Target = Target("/query?db=x"),
            ContentType = "application/x-www-form-urlencoded; charset=utf-8",
            Points = 1,
        };
        using MemoryStream body = new();
        await RecordText.WriteBodyAsync(record, body, TestContext.Current.CancellationToken);

        const string shown = "CREATE USER joe WITH PASSWORD '[REDACTED]'";
        Assert.Equal(shown, RecordText.Statement(record));
        Assert.Equal(shown, RecordText.Sample(record, 80));
        Assert.Equal(shown, Encoding.UTF8.GetString(body.ToArray()));
        Assert.True(RecordText.HoldsPassword(record));
    }

    [Fact]
    public void A_raw_form_is_shown_without_its_secrets()
    {
        MirroredRecord record = new(SharedBuffer.Copy("p=s3cret&x=1"u8))
        {
            Kind = RecordKind.Raw,
            Target = Target("/api/v2/delete"),
            ContentType = "application/x-www-form-urlencoded",
            Points = 1,
        };

        Assert.Equal("p=[REDACTED]&x=1", RecordText.Sample(record, 80));
    }

    [Fact]
    public void A_statement_that_cannot_be_found_is_not_shown_at_all()
    {
        MirroredRecord record = new(SharedBuffer.Copy("s3cret"u8))
        {
            Kind = RecordKind.Statement,
            Target = Target("/query"),
            Points = 1,
        };

        Assert.Equal("", RecordText.Sample(record, 80));
        Assert.True(RecordText.HoldsPassword(record));
    }

    private static WriteTarget Target(string pathAndQuery, string? authorization = null) => new()
    {
        PathAndQuery = pathAndQuery,
        Authorization = authorization,
        Database = "x",
        RetentionPolicy = null,
        Precision = Precision.Nanoseconds,
        Account = "",
    };
}
