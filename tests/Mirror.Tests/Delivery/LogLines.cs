using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What was logged, a line a message.</summary>
internal sealed class LogLines : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>The messages that hold a text.</summary>
    public string[] Of(string text) => [.. _lines.Where(line => line.Contains(text, StringComparison.Ordinal))];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
}
