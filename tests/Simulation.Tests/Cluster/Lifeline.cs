namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// What ties one life of the gateway to its disks, the network and its clients. Once cut, nothing that the life does
/// reaches them: it was killed between two operations, though its threads take a while to notice.
/// </summary>
/// <param name="gate">The world's lock: whatever touches the world happens at one moment.</param>
internal sealed class Lifeline(Lock gate)
{
    private bool _isCut;
    private int _operations;

    /// <summary>How often it has touched the world.</summary>
    public int Operations => Volatile.Read(ref _operations);

    /// <summary>Looks at the life a last time, as it is cut.</summary>
    public Action LastLook { get; set; } = static () => { };

    public bool IsCut
    {
        get
        {
            lock (gate)
                return _isCut;
        }
    }

    public void Cut()
    {
        lock (gate)
        {
            if (_isCut)
                return;
            LastLook();
            _isCut = true;
        }
    }

    /// <summary>Does something in the world, unless the life is over; false when it is.</summary>
    public bool TryDo(Action action)
    {
        lock (gate)
        {
            if (_isCut)
                return false;
            _operations++;
            action();
            return true;
        }
    }
}
