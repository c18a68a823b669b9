using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>TLS towards clients, by Kestrel's own configuration.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task A_certificate_is_found_beside_the_configuration_and_a_renewed_one_is_used_without_restart()
    {
        int port = FreePort();
        JsonObject file = HostConfiguration.Valid()
            .With("Kestrel:Endpoints:ClientsTls:Url", $"https://127.0.0.1:{port}")
            .With("Kestrel:Endpoints:ClientsTls:Certificate:Path", "tls.crt")
            .With("Kestrel:Endpoints:ClientsTls:Certificate:KeyPath", "tls.key");
        string folder = "";
        string first = "", second = "";
        await using TestGateway gateway = await TestGateway.StartAsync(file, prepare: path =>
        {
            folder = path;
            first = WriteCertificate(path);
        });

        Assert.Equal(first, await PresentedAsync(port));
        Assert.Equal(HttpStatusCode.NoContent, await PingAsync(port));

        second = WriteCertificate(folder);
        await TestGateway.UntilAsync(async () => await PresentedAsync(port) == second, "the new certificate is presented");
        Assert.NotEqual(first, second);
    }

    internal static string WriteCertificate(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=gateway.test", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    // Empty while the listener is between two certificates.
    private static async Task<string> PresentedAsync(int port)
    {
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            await using SslStream stream = new(client.GetStream(), false, (_, _, _, _) => true);
            await stream.AuthenticateAsClientAsync("gateway.test");
            return ((X509Certificate2)stream.RemoteCertificate!).Thumbprint;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            return "";
        }
    }

    private static async Task<HttpStatusCode> PingAsync(int port)
    {
        using HttpClientHandler handler = new()
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        using HttpClient client = new(handler);
        using HttpResponseMessage answer = await client.GetAsync(
            new Uri($"https://127.0.0.1:{port}/ping"), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    internal static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
