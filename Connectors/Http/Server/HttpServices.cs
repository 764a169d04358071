using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>What answers the requests. The server starts first, so some of it comes later.</summary>
public sealed record HttpServices
{
    /// <summary>Completes texts; its model is described from the start.</summary>
    public required ITextCompletion Completion { get; init; }

    /// <summary>The cameras; null until the service runs.</summary>
    public required Func<ICameraService?> Cameras { get; init; }

    /// <summary>Changes the questions of the cameras; null until the service runs.</summary>
    public Func<IQuestionEditor?> Questions { get; init; } = () => null;

    /// <summary>Tries out configurations and sources; null until the service runs.</summary>
    public Func<ISetupTools?> Setup { get; init; } = () => null;

    /// <summary>Labels frames; null until the service runs.</summary>
    public Func<ILabelService?> Labels { get; init; } = () => null;

    /// <summary>Teaches questions from their labels; null until the service runs.</summary>
    public Func<ITeachingService?> Teaching { get; init; } = () => null;

    /// <summary>What is stored on disk; null where no history is kept, and until the service runs.</summary>
    public Func<IHistory?> History { get; init; } = () => null;

    /// <summary>Answers questions about the history; null until the service runs.</summary>
    public Func<IPastService?> Past { get; init; } = () => null;

    /// <summary>Addresses that need no token; null where none are published.</summary>
    public SignedAddresses? Addresses { get; init; }

    /// <summary>Why the service does not answer yet; null when it does.</summary>
    public required Func<string?> NotReady { get; init; }

    /// <summary>How far a long step of the start is; null where none is in progress. Called on any thread.</summary>
    public Func<StartupProgress?> Startup { get; init; } = () => null;

    /// <summary>Answers <c>/metrics</c>; null until the service runs.</summary>
    public Func<RequestDelegate?> Metrics { get; init; } = () => null;

    /// <summary>The events that viewers follow.</summary>
    public LiveEvents Events { get; init; } = new(TimeProvider.System);

    /// <summary>The newest lines of the log.</summary>
    public LogTail Log { get; init; } = new();

    /// <summary>Reads the state of the machine.</summary>
    public Func<DeviceView> Device { get; init; } = () => new DeviceView();

    /// <summary>The version of this program.</summary>
    public string Version { get; init; } = "0.0.0";

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A client that comes while the model is loaded comes back after this.</summary>
    internal static TimeSpan WhileLoading { get; } = TimeSpan.FromSeconds(5);

    /// <summary>A part of the service.</summary>
    /// <exception cref="HttpFailureException">The service does not run yet.</exception>
    internal T Started<T>(Func<T?> part)
        where T : class => part() ?? throw HttpFailureException.Unavailable(NotReady() ?? "the service is still starting", WhileLoading);
}
