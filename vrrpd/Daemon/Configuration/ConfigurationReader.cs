using System.Buffers;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace Vrrp.Daemon.Configuration;

/// <summary>
/// Makes the configuration in force of a JSON text, or says everything that is wrong with it. Reads no files.
/// </summary>
public static class ConfigurationReader
{
    /// <summary>Bytes of the largest text that is read.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Instances, and checks, and groups, of the largest configuration.</summary>
    public const int MaxEntries = 255;

    private static readonly JsonDocumentOptions Json = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 16,
    };

    /// <summary>
    /// Reads JSON in UTF-8; comments and trailing commas are allowed. Never throws for what it reads.
    /// </summary>
    public static ConfigurationResult Read(ReadOnlyMemory<byte> json)
    {
        Findings findings = new();
        if (json.Span.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            json = json[3..];
        DaemonConfig? config = null;
        if (json.Length > MaxLength)
            findings.Fault("", $"the file is longer than {MaxLength} bytes");
        else if (Shape(json, findings) is { } options)
            config = Build(options, findings);
        return new(findings.Faults.Count == 0 ? config : null, findings.Faults, findings.Warnings);
    }

    private static DaemonOptions? Shape(ReadOnlyMemory<byte> json, Findings findings)
    {
        ArrayBufferWriter<byte> shaped = new();
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                findings.Fault("", "the file has to be one JSON object {…}");
                return null;
            }

            using (Utf8JsonWriter writer = new(shaped))
                new OptionsShape(findings, writer).Write(document.RootElement, OptionsJson.Default.DaemonOptions, "");
        }
        catch (JsonException fault)
        {
            findings.Fault("", $"line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}: no valid JSON, "
                + "or nested too deeply");
            return null;
        }
        catch (InvalidOperationException)
        {
            // How the reader reports a text that is no UTF-8, or half of a surrogate pair.
            findings.Fault("", "a text in the file is no valid UTF-8");
            return null;
        }

        return JsonSerializer.Deserialize(shaped.WrittenSpan, OptionsJson.Default.DaemonOptions);
    }

    private static DaemonConfig Build(DaemonOptions options, Findings findings)
    {
        Section root = new(findings, "");
        ImmutableArray<CheckConfig> checks = CheckRules.Read(options.Checks, root[nameof(options.Checks)]);
        ImmutableArray<InstanceConfig> instances = InstanceRules.Read(options, root[nameof(options.Instances)]);
        InstanceRules.CheckTogether(instances, root[nameof(options.Instances)]);
        SyncGroupRules groups = new(instances, root[nameof(options.SyncGroups)]);
        foreach (CheckConfig unused in checks.Where(check => !instances.Any(instance => instance.Tracks(check))))
            root[nameof(options.Checks)].Warn(unused.Name, "no instance tracks this check; it is not run");
        if (options.EventLog is { Length: 0 })
            root.Fault(nameof(options.EventLog), "is empty; leave the key out for no event log");
        return new()
        {
            Checks = checks,
            Instances = instances,
            SyncGroups = groups.Read(options.SyncGroups),
            ManagementListen = Listen(options.Management?.Listen, root[nameof(options.Management)]),
            LogLevel = options.Log?.Level ?? LogLevel.Information,
            LogFormat = options.Log?.Format ?? LogFormat.Text,
            EventLog = options.EventLog,
        };
    }

    private static IPEndPoint Listen(string? text, Section section)
    {
        const string Key = nameof(ManagementOptions.Listen);
        IPEndPoint byDefault = new(IPAddress.Loopback, 9098);
        if (text is null)
            return byDefault;
        // Without a port the parser takes 0, and "1" for 0.0.0.1.
        if (!IPEndPoint.TryParse(text, out IPEndPoint? listen) || listen.Port == 0
            || (listen.ToString() != text && listen.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork))
        {
            section.Fault(
                Key, $"'{Section.Shown(text)}' is not understood; write address:port, such as 127.0.0.1:9098");
            return byDefault;
        }

        if (!IPAddress.IsLoopback(listen.Address))
            section.Warn(Key, $"{listen} can be reached from other machines, and asks for no password");
        return listen;
    }
}
