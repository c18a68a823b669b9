using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using Xunit;
using Yarp.ReverseProxy.Configuration;

namespace InfluxMirror.Tests.Host;

public sealed class SettingsReaderTests
{
    [Fact]
    public void A_valid_file_becomes_settings()
    {
        SettingsReading reading = HostConfiguration.Valid().With("Mirror:Writes:MaxBodySize", 1234).Read();

        Assert.Empty(reading.Faults);
        Assert.Equal(1234, reading.Settings!.Mirror.Writes.MaxBodySize);
        Assert.Equal("rest", Assert.Single(reading.Settings.Routes).RouteId);
        Assert.Equal(["a", "b"], Assert.Single(reading.Settings.Clusters).Destinations!.Keys.Order());
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        string text = "// first\n" + HostConfiguration.Valid().ToJsonString()[..^1] + ", /* last */ }";

        Assert.Empty(HostConfiguration.Read(text).Faults);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\t\r\n ")]
    public void An_empty_file_is_refused(string text) =>
        Assert.Equal("the file is empty", Assert.Single(HostConfiguration.Read(text).Faults).ToString());

    [Fact]
    public void A_file_without_routes_and_clusters_is_refused()
    {
        string[] faults = [.. HostConfiguration.Read("{}").Faults.Select(fault => fault.ToString())];

        Assert.Contains("ReverseProxy:Routes: at least one route is needed", faults);
        Assert.Contains("ReverseProxy:Clusters: at least one cluster is needed", faults);
    }

    [Fact]
    public void Invalid_JSON_is_told_with_line_and_column()
    {
        string fault = Assert.Single(HostConfiguration.Read("{\n  \"Mirror\": {\n    \"Journal\": nope }\n}").Faults).Message;

        Assert.StartsWith("line 3, column 17: ", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("{ \"a\": 1, \"A\": 2 }")]
    public void What_is_no_object_or_names_a_key_twice_is_refused(string text) =>
        Assert.NotEmpty(HostConfiguration.Read(text).Faults);

    [Theory]
    [InlineData("Miror", "Miror: unknown key; did you mean 'Mirror'?")]
    [InlineData("Mirror:Journal:BufferSizeMb2", "Mirror:Journal:BufferSizeMb2: unknown key; did you mean 'BufferSizeMB'?")]
    [InlineData("Management:Tokn", "Management:Tokn: unknown key; did you mean 'Token'?")]
    [InlineData("RateLimiting:Policies:x:Permits", "RateLimiting:Policies:x:Permits: unknown key")]
    [InlineData("Kestrel:Limits:MaxRequestBodySiz", "Kestrel:Limits:MaxRequestBodySiz: unknown key; did you mean 'MaxRequestBodySize'?")]
    [InlineData("ReverseProxy:Clusters:influx:LoadBalancing", "ReverseProxy:Clusters:influx:LoadBalancing: unknown key")]
    [InlineData("ReverseProxy:Clusters:influx:Destinations:a:Adress", "ReverseProxy:Clusters:influx:Destinations:a:Adress: unknown key; did you mean 'Address'?")]
    [InlineData("ReverseProxy:Routes:rest:Match:Pth", "ReverseProxy:Routes:rest:Match:Pth: unknown key; did you mean 'Path'?")]
    public void An_unknown_key_is_a_fault_with_its_path(string path, string fault) =>
        Assert.Contains(fault, HostConfiguration.Valid().With(path, 1).Read().Faults.Select(found => found.ToString()));

    [Theory]
    [InlineData("Mirror:Delivery:Timeout", "ten", "is not a time as in 00:00:10")]
    [InlineData("Mirror:Delivery:Timeout", "10", "is not a time as in 00:00:10")]
    [InlineData("Mirror:Delivery:StatementTimeout", "24:00:00", "is not a time as in 00:00:10")]
    [InlineData("Mirror:Delivery:Timeout", "02:00:00", "is out of range, which is 00:00:00.1000000 to 01:00:00")]
    [InlineData("Mirror:Journal:BufferSizeMB", "0", "is out of range, which is 1 to 1048576")]
    [InlineData("Mirror:Journal:BufferSizeMB", "many", "is not a number of its range")]
    [InlineData("Mirror:Journal:BufferSizeMB", "99999999999", "is not a number of its range")]
    [InlineData("Mirror:Journal:LimitPolicy", "Forget", "is not one of DropOldest, Reject")]
    [InlineData("Mirror:Journal:LimitPolicy", "1", "is not one of DropOldest, Reject")]
    [InlineData("Mirror:Reads:ServeStale", "perhaps", "is not true or false")]
    [InlineData("ReverseProxy:Clusters:influx:HttpRequest:Version", "one", "is not a version as in 1.1")]
    [InlineData("ReverseProxy:Clusters:influx:HealthCheck:Active:Interval", "1", "is not a time as in 00:00:10")]
    [InlineData("RateLimiting:RejectionStatusCode", "200", "is out of range, which is 400 to 599")]
    [InlineData("Kestrel:Limits:MaxRequestLineSize", "1", "is out of range, which is 1024 to 67108864")]
    public void A_value_that_does_not_fit_is_a_fault_with_its_path(string path, string value, string fault) =>
        Assert.Equal($"{path}: '{value}' {fault}",
            Assert.Single(HostConfiguration.Valid().With(path, value).Read().Faults).ToString());

    [Theory]
    [InlineData("ht tp//x", "'ht tp//x' is not an absolute http or https URI")]
    [InlineData("influxdb1:8086", "'influxdb1:8086' is not an absolute http or https URI")]
    [InlineData("ftp://influxdb1", "'ftp://influxdb1' is not an absolute http or https URI")]
    [InlineData("http://host:99999", "'http://host:99999' is not an absolute http or https URI")]
    [InlineData("/relative", "'/relative' is not an absolute http or https URI")]
    [InlineData("", "is missing")]
    [InlineData("http://host:8086/?db=x", "'http://host:8086/?db=x' has a query or a fragment; write the server's root")]
    [InlineData("http://host:8086/write", "'http://host:8086/write' ends with /write; write the server's root, as in http://host:8086")]
    [InlineData("http://127.0.0.1:2/", "is also the address of 'b'")]
    public void A_bad_address_is_a_fault_with_its_path(string address, string expected)
    {
        string fault = Assert.Single(HostConfiguration.Valid(first: address).Read().Faults).ToString();

        Assert.StartsWith("ReverseProxy:Clusters:influx:Destinations:", fault, StringComparison.Ordinal);
        if (!expected.StartsWith("is also", StringComparison.Ordinal))
            Assert.Equal($"ReverseProxy:Clusters:influx:Destinations:a:Address: {expected}", fault);
        else
            Assert.Contains("is also the address of", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_an_address_is_refused_and_not_repeated()
    {
        string fault = Assert.Single(HostConfiguration.Valid(first: "http://me:s3cret@host:8086").Read().Faults).ToString();

        Assert.Contains("credentials", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_management_token_is_refused_and_not_repeated()
    {
        string fault = Assert.Single(HostConfiguration.Valid().With("Management:Token", "hunter2").Read().Faults).ToString();

        Assert.Equal("Management:Token: is shorter than 16 characters", fault);
    }

    [Fact]
    public void Names_that_nothing_has_are_faults_with_a_hint()
    {
        string[] faults = [.. HostConfiguration.Valid()
            .With("ReverseProxy:Routes:rest:ClusterId", "influxx")
            .With("ReverseProxy:Routes:rest:RateLimiterPolicy", "write")
            .With("RateLimiting:Policies:writes:PermitLimit", 5)
            .Read().Faults.Select(fault => fault.ToString())];

        Assert.Equal(
            [
                "ReverseProxy:Routes:rest:ClusterId: there is no cluster 'influxx'; did you mean 'influx'?",
                "ReverseProxy:Routes:rest:RateLimiterPolicy: RateLimiting:Policies has no 'write'; did you mean 'writes'?",
            ], faults);
    }

    [Fact]
    public void A_cluster_without_destinations_is_refused() =>
        Assert.Equal("ReverseProxy:Clusters:influx:Destinations: at least one destination is needed", Assert.Single(
            HostConfiguration.Valid().With("ReverseProxy:Clusters:influx:Destinations", new JsonObject())
                .Read().Faults).ToString());

    [Theory]
    [InlineData("ReverseProxy:Routes:rest:AuthorizationPolicy", "x", "ReverseProxy:Routes:rest:AuthorizationPolicy")]
    [InlineData("ReverseProxy:Routes:rest:Timeout", "00:00:10", "ReverseProxy:Routes:rest:Timeout")]
    [InlineData("ReverseProxy:Clusters:influx:SessionAffinity:Enabled", "true", "ReverseProxy:Clusters:influx:SessionAffinity")]
    [InlineData("ReverseProxy:Clusters:influx:HealthCheck:Passive:Enabled", "true", "ReverseProxy:Clusters:influx:HealthCheck:Passive")]
    public void What_would_silently_do_nothing_or_fail_each_request_is_refused(string path, string value, string at) =>
        Assert.Equal(at, Assert.Single(HostConfiguration.Valid().With(path, value).Read().Faults).Path);

    [Theory]
    [InlineData("RateLimiting:Policies:x:Window", "00:00:01", "RateLimiting:Policies:x:PermitLimit: is missing")]
    [InlineData("RateLimiting:Policies:default:PermitLimit", "1", "RateLimiting:Policies:default: YARP keeps the names 'default' and 'disable' for itself")]
    [InlineData("Kestrel:Endpoints:Clients:Url", "nine", "Kestrel:Endpoints:Clients:Url: 'nine' is not a listening address as in http://*:9096")]
    [InlineData("Kestrel:Limits:MaxRequestBufferSize", "2048", "Kestrel:Limits:MaxRequestBufferSize: 2048 is less than MaxRequestLineSize or MaxRequestHeadersTotalSize")]
    public void Rules_beyond_ranges_are_told_with_their_path(string path, string value, string fault) =>
        Assert.Equal(fault, Assert.Single(HostConfiguration.Valid().With(path, value).Read().Faults).ToString());

    [Fact]
    public void All_faults_are_told_at_once()
    {
        JsonObject file = HostConfiguration.Valid(first: "nowhere", second: "http://u:p@h")
            .With("ReverseProxy:Routes:rest:ClusterId", "none");

        Assert.Equal(3, file.Read().Faults.Count);
        Assert.Equal(3, file.With("Bogus", 1).With("Mirror:Bogus", 1).With("Mirror:Delivery:MaxBatchKB", 0).Read().Faults.Count);
    }

    [Fact]
    public void The_environment_wins_over_the_file_and_the_file_over_the_defaults()
    {
        byte[] file = HostConfiguration.Valid().With("Mirror:Writes:MaxBodySize", 1).With("Mirror:Journal:BufferSizeMB", 7).Bytes();
        Dictionary<string, string?> overrides = new() { ["mirror:writes:maxbodysize"] = "2" };

        MirrorOptions mirror = SettingsReader.Read(file, overrides).Settings!.Mirror;

        Assert.Equal((2, 7, 1024), (mirror.Writes.MaxBodySize, mirror.Journal.BufferSizeMB, mirror.Delivery.MaxBatchKB));
    }

    [Fact]
    public void Environment_variables_are_named_by_prefix_and_double_underscores()
    {
        Environment.SetEnvironmentVariable("GATEWAY__Mirror__Reads__MaxLag", "00:00:09");
        try
        {
            Assert.Equal("00:00:09", SettingsLayers.Environment()["Mirror:Reads:MaxLag"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("GATEWAY__Mirror__Reads__MaxLag", null);
        }
    }

    [Fact]
    public void A_fault_from_the_environment_is_told_too() =>
        Assert.Equal("Mirror:Wrtes: unknown key; did you mean 'Writes'?", Assert.Single(SettingsReader.Read(
            HostConfiguration.Valid().Bytes(), new Dictionary<string, string?> { ["Mirror:Wrtes"] = "1" }).Faults).ToString());

    [Fact]
    public void A_mirrored_cluster_gets_its_defaults_where_the_file_is_silent()
    {
        JsonObject file = HostConfiguration.Valid()
            .With("ReverseProxy:Routes:rest:Transforms", new JsonArray(new JsonObject { ["Mirror"] = "InfluxQL" }));

        ClusterConfig silent = Assert.Single(file.Read().Settings!.Clusters);
        ClusterConfig spoken = Assert.Single(file
            .With("ReverseProxy:Clusters:influx:LoadBalancingPolicy", "RoundRobin")
            .With("ReverseProxy:Clusters:influx:HttpRequest:ActivityTimeout", "00:00:30")
            .With("ReverseProxy:Clusters:influx:HealthCheck:AvailableDestinationsPolicy", "HealthyOrPanic")
            .Read().Settings!.Clusters);

        Assert.Equal("PowerOfTwoChoices", silent.LoadBalancingPolicy);
        Assert.Equal(TimeSpan.FromHours(1), silent.HttpRequest!.ActivityTimeout);
        Assert.Equal(HttpVersion.Version11, silent.HttpRequest.Version);
        Assert.Equal("HealthyAndUnknown", silent.HealthCheck!.AvailableDestinationsPolicy);
        Assert.Equal("RoundRobin", spoken.LoadBalancingPolicy);
        Assert.Equal(TimeSpan.FromSeconds(30), spoken.HttpRequest!.ActivityTimeout);
        Assert.Equal("HealthyOrPanic", spoken.HealthCheck!.AvailableDestinationsPolicy);
    }

    [Fact]
    public void A_cluster_that_is_not_mirrored_is_left_as_it_is() =>
        Assert.Null(Assert.Single(HostConfiguration.Valid().Read().Settings!.Clusters).LoadBalancingPolicy);

    [Fact]
    public void A_changed_body_size_makes_a_route_that_YARP_sees_as_changed()
    {
        RouteConfig Route(int size) => Assert.Single(
            HostConfiguration.Valid().With("ReverseProxy:Routes:rest:MaxRequestBodySize", size).Read().Settings!.Routes);

        Assert.Equal(Route(1000), Route(1000));
        Assert.NotEqual(Route(1000), Route(2000));
    }

    [Fact]
    public void Every_key_of_YARP_is_known()
    {
        string text = Encoding.UTF8.GetString(HostConfiguration.Valid()
            .With("ReverseProxy:Routes:rest:Order", 3)
            .With("ReverseProxy:Routes:rest:MaxRequestBodySize", 3)
            .With("ReverseProxy:Routes:rest:Metadata:any", "thing")
            .With("ReverseProxy:Routes:rest:Match:Methods", new JsonArray("GET", "POST"))
            .With("ReverseProxy:Routes:rest:Match:Hosts", new JsonArray("a.example"))
            .With("ReverseProxy:Routes:rest:Match:Headers", new JsonArray(new JsonObject
            {
                ["Name"] = "X-Header", ["Values"] = new JsonArray("1"), ["Mode"] = "ExactHeader", ["IsCaseSensitive"] = true,
            }))
            .With("ReverseProxy:Routes:rest:Match:QueryParameters", new JsonArray(new JsonObject
            {
                ["Name"] = "db", ["Values"] = new JsonArray("1"), ["Mode"] = "Exact",
            }))
            .With("ReverseProxy:Clusters:influx:Metadata:any", "thing")
            .With("ReverseProxy:Clusters:influx:HttpClient:SslProtocols", new JsonArray("Tls12", "Tls13"))
            .With("ReverseProxy:Clusters:influx:HttpClient:MaxConnectionsPerServer", 64)
            .With("ReverseProxy:Clusters:influx:HttpClient:DangerousAcceptAnyServerCertificate", false)
            .With("ReverseProxy:Clusters:influx:HttpClient:RequestHeaderEncoding", "utf-8")
            .With("ReverseProxy:Clusters:influx:HttpRequest:VersionPolicy", "RequestVersionExact")
            .With("ReverseProxy:Clusters:influx:HttpRequest:AllowResponseBuffering", false)
            .With("ReverseProxy:Clusters:influx:HealthCheck:Active:Query", "x=1")
            .With("ReverseProxy:Clusters:influx:Destinations:a:Health", "http://127.0.0.1:3")
            .With("ReverseProxy:Clusters:influx:Destinations:a:Host", "x")
            .Bytes());

        Assert.Empty(HostConfiguration.Read(text).Faults);
    }
}
