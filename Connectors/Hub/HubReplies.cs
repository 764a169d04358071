using System.Net;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Messages that explain a status code to the user.</summary>
internal static class HubReplies
{
    /// <param name="response">Neither 2xx nor a redirect.</param>
    /// <param name="what">What was asked for, for the message.</param>
    /// <param name="id">The repository.</param>
    /// <param name="address">Where the hub is.</param>
    /// <param name="hasToken">Whether a token was sent.</param>
    public static Exception Explain(HttpResponseMessage response, string what, string id, Uri address, bool hasToken)
    {
        var status = (int)response.StatusCode;
        var page = $"{address.ToString().TrimEnd('/')}/{id}";
        return response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError =>
                new HubInterruptedException($"{address.Host} answered {status} to {what}.", RetryAfter(response)),

            // The hub answers 401, not 404, when somebody without a token asks for what does not exist.
            HttpStatusCode.Unauthorized when hasToken => new HubException(
                $"{address.Host} refuses the token (401) for {what}. Make a new one with read access and put it into the token file."),
            HttpStatusCode.Unauthorized => new HubException(
                $"{address.Host} answers 401 to {what}: either '{id}' does not exist, or it is private or gated. "
                + $"Check the spelling; if {page} shows terms, accept them there and give --token-file."),
            HttpStatusCode.Forbidden => new HubException(
                $"{address.Host} forbids {what} (403). If the model is gated, accept its terms on {page} and give --token-file "
                + "with a token of the same account."),
            HttpStatusCode.NotFound => new HubException(
                $"{address.Host} answers 404 to {what}: it is not there. Check the spelling of '{id}' and --revision; {page} must show it."),
            _ => new HubException($"{address.Host} answered {status} to {what}. Check --hub and '{id}'."),
        };
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > DateTimeOffset.UtcNow => date - DateTimeOffset.UtcNow,
        _ => null,
    };
}
