using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>A request that is refused or fails: its status, and what the client is shown in the form of its route.</summary>
public sealed class HttpFailureException : Exception
{
    private const string InvalidRequest = "invalid_request_error";

    /// <summary>Characters of a name that are shown.</summary>
    private const int MaxShown = 80;

    /// <summary>The longest useful <c>Retry-After</c>: some clients give up at once above it.</summary>
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(120);

    /// <param name="status">The HTTP status, 400 or above.</param>
    /// <param name="message">What is wrong and what would be accepted, for a person.</param>
    /// <param name="code">A word for programs.</param>
    /// <param name="parameter">The member of the request that is wrong; null when it is none in particular.</param>
    public HttpFailureException(int status, string message, string code, string? parameter = null)
        : base(message) =>
        (Status, Code, Parameter) = (status, code, parameter);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>A word for programs.</summary>
    public string Code { get; }

    /// <summary>The member of the request that is wrong; null when it is none in particular.</summary>
    public string? Parameter { get; }

    /// <summary>After this a retry may succeed; null when it would not.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The methods that the route has; null where the method is not the reason.</summary>
    public IReadOnlyList<string>? Allowed { get; init; }

    /// <summary>The kind of error as the OpenAI API names it.</summary>
    public string Kind => Status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => InvalidRequest,
    };

    /// <summary>Whole seconds for <c>Retry-After</c>, 1 to 120; null when there is none.</summary>
    public string? RetryAfterSeconds => RetryAfter is { } wait
        ? Math.Ceiling(Math.Clamp(wait.TotalSeconds, 1, MaxRetryAfter.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture)
        : null;

    /// <summary>A member of the request is wrong.</summary>
    public static HttpFailureException Invalid(string? parameter, string message) =>
        new(StatusCodes.Status400BadRequest, message, "invalid_value", parameter);

    /// <summary>The address is not known.</summary>
    public static HttpFailureException NotFound(string message) => new(StatusCodes.Status404NotFound, message, "not_found");

    /// <summary>The request names a camera that is not configured.</summary>
    /// <param name="camera">The name as it was sent; null where it was left out.</param>
    /// <param name="configured">The names of all cameras.</param>
    public static HttpFailureException UnknownCamera(string? camera, IEnumerable<string> configured) =>
        NotFound($"the camera '{Shown(camera)}' is not configured; {List("configured are", "no camera is configured", configured)}");

    /// <summary>The request names a question that the camera does not have.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">The name as it was sent.</param>
    /// <param name="configured">The names of the camera's questions.</param>
    public static HttpFailureException UnknownQuestion(string camera, string question, IEnumerable<string> configured) =>
        NotFound($"the camera '{camera}' has no question '{Shown(question)}'; {List("its questions are", "it has none", configured)}");

    /// <summary>The request does not fit into the model's context.</summary>
    public static HttpFailureException TooLong(string message) =>
        new(StatusCodes.Status400BadRequest, message, "context_length_exceeded", "messages");

    /// <summary>The request could not be begun in time, or may not wait.</summary>
    /// <param name="message">Why.</param>
    /// <param name="retryAfter">When a retry may succeed.</param>
    public static HttpFailureException Busy(string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, message, "busy") { RetryAfter = retryAfter };

    /// <summary>The service cannot answer now.</summary>
    /// <param name="message">Why.</param>
    /// <param name="retryAfter">When a retry may succeed.</param>
    /// <param name="progress">How far the start is; null where that is not known.</param>
    public static HttpFailureException Unavailable(string message, TimeSpan retryAfter, StartupProgress? progress = null) =>
        new(StatusCodes.Status503ServiceUnavailable, message, "unavailable") { RetryAfter = retryAfter, Progress = progress };

    /// <summary>How far the start is; null where that is not what failed.</summary>
    public StartupProgress? Progress { get; private init; }

    /// <summary>The same with another status.</summary>
    public HttpFailureException WithStatus(int status) =>
        new(status, Message, Code, Parameter) { RetryAfter = RetryAfter, Allowed = Allowed };

    /// <summary>The beginning of a name that a client sent, for a message.</summary>
    internal static string Shown(string? name) =>
        name is null || name.Length <= MaxShown ? name ?? ""
        : name[..(char.IsHighSurrogate(name[MaxShown - 1]) ? MaxShown - 1 : MaxShown)];

    private static string List(string lead, string none, IEnumerable<string> names)
    {
        var all = string.Join(", ", names);
        return all.Length == 0 ? none : $"{lead} {all}";
    }
}
