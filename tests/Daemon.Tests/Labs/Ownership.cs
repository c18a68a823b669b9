using System.Diagnostics;
using System.Globalization;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Times at which a node had an address.</summary>
/// <param name="From">From when.</param>
/// <param name="To">To when; null: it still has it.</param>
internal sealed record Held(DateTime From, DateTime? To);

/// <summary>Who had which address when, by <c>ip monitor</c> on one node.</summary>
internal sealed class Ownership : IAsyncDisposable
{
    private readonly Dictionary<string, List<Held>> _held = [];
    private readonly Process _monitor;
    private readonly Task _reading;
    private DateTime _changedAt;

    public Ownership(string networkNamespace)
    {
        _monitor = Shell.Start("ip", "netns", "exec", networkNamespace, "ip", "-ts", "-o", "monitor", "address");
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>The times the node had the address.</summary>
    public IReadOnlyList<Held> Of(string address)
    {
        lock (_held)
            return _held.TryGetValue(address, out List<Held>? times) ? [.. times] : [];
    }

    /// <summary>When the node got or lost an address last.</summary>
    public DateTime ChangedAt
    {
        get
        {
            lock (_held)
                return _changedAt;
        }
    }

    /// <summary>Whether the node has the address.</summary>
    public bool Has(string address) => Of(address) is [.., { To: null }];

    public async ValueTask DisposeAsync()
    {
        _monitor.Kill();
        await _reading;
        _monitor.Dispose();
    }

    // [2026-11-23T07:32:10.657563] Deleted 2: eth0    inet 198.51.100.77/32 scope global …
    private async Task ReadAsync()
    {
        while (await _monitor.StandardOutput.ReadLineAsync() is { } line)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int inet = Array.FindIndex(words, word => word is "inet" or "inet6");
            if (inet < 0 || inet + 1 >= words.Length)
                continue;
            DateTime at = DateTime.Parse(
                words[0].Trim('[', ']'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal).ToUniversalTime();
            Note(words[inet + 1].Split('/')[0], words.Contains("Deleted"), at);
        }
    }

    private void Note(string address, bool isDeleted, DateTime at)
    {
        lock (_held)
        {
            if (!_held.TryGetValue(address, out List<Held>? times))
                _held.Add(address, times = []);
            // A lease that is renewed is no change.
            if (isDeleted && times is [.., { To: null } last])
                times[^1] = last with { To = at };
            else if (!isDeleted && times is not [.., { To: null }])
                times.Add(new(at, null));
            else
                return;
            _changedAt = at;
        }
    }
}
