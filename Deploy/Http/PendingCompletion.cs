using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses everything while there is no model yet.</summary>
/// <param name="reason">Why, as a sentence without its period.</param>
internal sealed class PendingCompletion(Func<string> reason) : RefusingCompletion
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    public override HttpFailureException Refusal => HttpFailureException.Unavailable(reason(), RetryAfter);
}
