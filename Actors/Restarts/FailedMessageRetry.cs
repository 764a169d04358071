using Akka.Actor;

namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>The message at which an actor failed. It is handled once more after the restart, before any other message,
/// so that a fault that passes costs nothing; a message that fails twice is given up. Outlives the actor. One caller at a
/// time.</summary>
internal sealed class FailedMessageRetry
{
    private const int MaxAttempts = 2;

    private Envelope? _again;
    private object? _handledTwice;
    private object? _givenUp;
    private int _attempts;

    /// <summary>Called by the failed instance.</summary>
    /// <param name="message">What it was handling; null when it failed outside of a message.</param>
    /// <param name="sender">Who sent it.</param>
    public void Failed(object? message, IActorRef sender)
    {
        // Akka's own messages, such as the order to fail, are not repeated.
        if (message is null || message.GetType().Assembly != typeof(FailedMessageRetry).Assembly)
        {
            return;
        }

        if (ReferenceEquals(message, _handledTwice))
        {
            (_givenUp, _attempts) = (message, 0);
        }
        else if (_again is null)
        {
            _again = new Envelope(message, sender);
        }
    }

    /// <summary>The message to handle first, or null.</summary>
    public Envelope? TakeAgain()
    {
        var again = _again;
        _again = null;
        _handledTwice = again?.Message ?? _handledTwice;
        return again;
    }

    /// <summary>Has a message that failed twice given up, if there is one.</summary>
    /// <param name="giveUp">Does what is owed for the message. Called once more, after the next restart, if it
    /// throws.</param>
    public void GiveUp(Action<object> giveUp)
    {
        if (_givenUp is not { } message)
        {
            return;
        }

        if (++_attempts >= MaxAttempts)
        {
            _givenUp = null;
        }

        giveUp(message);
        _givenUp = null;
    }
}
