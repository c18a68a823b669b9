namespace Vrrp.Daemon.Loop;

/// <summary>What an instance has counted since it began. Written by the loop's thread alone.</summary>
internal sealed class InstanceCounters
{
    /// <summary>Senders told apart; the rest counts together.</summary>
    public const int MaxSenders = 16;

    private static readonly int Faults = Enum.GetValues<AdvertFault>().Length;

    private readonly SenderCount[] _senders = new SenderCount[MaxSenders];
    private int _senderCount;

    public long AdvertsSent { get; set; }

    public long AdvertsReceived { get; set; }

    public long SendFailures { get; set; }

    public long AddressFailures { get; set; }

    public long Announcements { get; set; }

    public long Transitions { get; set; }

    public long Masterships { get; set; }

    /// <summary>Greatest delay of a deadline, in microseconds.</summary>
    public long LatenessMax { get; set; }

    /// <summary>Refused advertisements, by <see cref="AdvertFault"/>.</summary>
    public long[] Refused { get; } = new long[Faults];

    /// <summary>Alerts, by <see cref="RouterAlert"/>.</summary>
    public long[] Alerts { get; } = new long[Enum.GetValues<RouterAlert>().Length];

    /// <summary>Who sent what was refused.</summary>
    public ReadOnlySpan<SenderCount> RefusedSenders => _senders.AsSpan(0, _senderCount);

    /// <summary>Counts a refused advertisement.</summary>
    public void Refuse(AdvertFault fault, Address sender)
    {
        Refused[(int)fault]++;
        for (int i = 0; i < _senderCount; i++)
        {
            if (_senders[i].Sender != sender || _senders[i].Fault != fault)
                continue;
            _senders[i].Count++;
            return;
        }

        if (_senderCount < MaxSenders)
            _senders[_senderCount++] = new() { Sender = sender, Fault = fault, Count = 1 };
    }
}

/// <summary>How many advertisements of a sender were refused for one reason.</summary>
internal struct SenderCount
{
    public Address Sender;
    public AdvertFault Fault;
    public long Count;
}
