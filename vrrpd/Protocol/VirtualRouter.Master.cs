namespace Vrrp;

/// <summary>Master: RFC 3768 §6.4.3; Active in RFC 9568 §6.4.3.</summary>
public sealed partial class VirtualRouter
{
    private long _advertAt = RouterTimers.Never;
    private long _advertisedAt;
    private long _probeAt = RouterTimers.Never;
    private bool _isClaimed;

    // §6.4.1 for the owner, §6.4.2 when the timer ran out: advertise, announce the addresses, set Adver_Timer.
    private void BecomeMaster(TransitionReason reason, long now)
    {
        _preemptAt = RouterTimers.Never;
        Advertise(now);
        _probeAt = RouterTimers.Never;
        _isClaimed = false;
        // A silent master's kernel may be alive and answer for the addresses. One that resigned or is preempted gives
        // them up by itself.
        if (reason == TransitionReason.MasterSilent)
            Do(RouterActionKind.Probe);
        Do(RouterActionKind.AddAddresses);
        AnnounceInDoubt(now);
        Change(RouterState.Master, reason, now, MasterAddress, MasterPriority);
    }

    private void KeepMaster(long now)
    {
        // §6.4.3: Adver_Timer fires. The rhythm is kept, but what was missed is not made up for.
        if (now >= _advertAt)
        {
            long due = _advertAt;
            Advertise(now);
            if (now - due < Config.IntervalMicros)
                _advertAt = due + Config.IntervalMicros;
        }

        if (now >= _probeAt)
        {
            _probeAt = RouterTimers.Never;
            if (_isClaimed)
                ContestClaim(now);
        }

        Announce(now);
    }

    private void HearAsMaster(in Advert advert, long now)
    {
        // §6.4.3: priority 0: advertise at once, so that the other backups do not take over.
        if (advert.Priority == 0)
        {
            Answer(now);
            return;
        }

        // §6.4.3: higher priority, or equal priority and higher address: back to Backup. §7.1: never the owner.
        bool isHigher = advert.Priority > Priority;
        if (!IsOwner && (isHigher || (advert.Priority == Priority && advert.Source > LocalAddress)))
        {
            GiveWay(advert, isHigher ? TransitionReason.HigherPriority : TransitionReason.HigherAddress, now);
            return;
        }

        // RFC 9568 §6.4.3: lower: discard, advertise at once. The neighbours may have heard the other one, too. Two
        // owners would answer each other for ever, so an owner does not answer an owner.
        Alert(RouterAlert.OtherMaster, advert.Source, advert.Priority);
        AnnounceInDoubt(now);
        if (advert.Priority != EffectivePriority.Owner)
            Answer(now);
    }

    /// <summary>
    /// Steps down for a higher master. It may never have known that there were two, and the neighbours may have this
    /// one's Ethernet address: one more advertisement makes it announce itself.
    /// </summary>
    private void GiveWay(in Advert advert, TransitionReason reason, long now)
    {
        Release();
        Advertise(now);
        if (Config.AcceptedSources.IsEmpty)
            Alert(RouterAlert.UnlistedMaster, advert.Source, advert.Priority);
        Follow(advert, now);
        Change(RouterState.Backup, reason, now, advert.Source, advert.Priority);
    }

    /// <summary>Gives up the addresses and says so with priority 0, where it can be heard.</summary>
    private void Resign()
    {
        Release();
        if (_isLinkUp && !LocalAddress.IsNone)
            _actions.Add(new(RouterActionKind.SendAdvert));
    }

    // The addresses go before the news of it, so that nobody takes them while they are here.
    private void Release()
    {
        Do(RouterActionKind.RemoveAddresses);
        _announcements.Stop();
        Array.Clear(_owesHandOver);
    }

    private void Advertise(long now)
    {
        _actions.Add(new(RouterActionKind.SendAdvert) { Priority = Priority });
        _advertisedAt = now;
        _advertAt = now + Config.IntervalMicros;
    }

    /// <summary>
    /// Advertises now, or as soon as the last advertisement is not too near. Never later than it would have.
    /// </summary>
    private void Answer(long now)
    {
        long earliest = _advertisedAt + RouterTimers.AnswerGap(Config.IntervalMicros);
        if (now >= earliest)
            Advertise(now);
        else
            _advertAt = Math.Min(_advertAt, earliest);
    }

    private void AnnounceInDoubt(long now)
    {
        _announcements.Burst(Config, now);
        Announce(now);
    }

    private void Announce(long now)
    {
        int count = _announcements.Take(Config, now);
        if (count > 0)
            _actions.Add(new(RouterActionKind.Announce) { Count = count });
    }

    private void PutBack(Address address, long now)
    {
        if (State != RouterState.Master || !IsOneOf(Config, address))
            return;
        _actions.Add(new(RouterActionKind.AddAddress) { Address = address });
        Alert(RouterAlert.AddressPutBack, address);
        AnnounceInDoubt(now);
    }

    // RFC 5227 leaves the address to who has it; a master must have it, so it defends it once a second until no
    // question is answered any more.
    private void OnClaim(Address address, HardwareAddress holder, long now)
    {
        if (State != RouterState.Master || !IsOneOf(Config, address))
            return;
        Alert(RouterAlert.AddressHeldElsewhere, address, holder: holder);
        _isClaimed = true;
        if (_probeAt != RouterTimers.Never)
            return;
        ContestClaim(now);
        Announce(now);
    }

    private void ContestClaim(long now)
    {
        _isClaimed = false;
        _probeAt = now + RouterTimers.Second;
        _announcements.Once();
        Do(RouterActionKind.Probe);
    }
}
