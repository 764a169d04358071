using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Sources;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Makes camera sources from settings.</summary>
public static class CameraSources
{
    /// <summary>Checks whether a source string is well formed, without opening anything: a file or device may appear
    /// later.</summary>
    /// <returns>Null, or a sentence with the error and the accepted forms; passwords are masked.</returns>
    public static string? FindFault(string? source)
    {
        try
        {
            SourceKinds.Parse(source);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>The source that <see cref="CameraSettings.Source"/> names. Opens nothing: what is missing or cannot be
    /// read comes as <see cref="CaptureEndKind.OpenFailed"/> from each attempt, as does a malformed source.</summary>
    /// <param name="settings">Validated where configuration is read.</param>
    /// <param name="pool">Lends the memory of the frames.</param>
    /// <param name="time">Stamps frames, keeps the pace of files and watches over silence.</param>
    /// <param name="log">Gets what happens to the camera, without passwords.</param>
    /// <param name="clips">Get the video of cameras with <see cref="CameraSettings.RecordsClips"/>; null where no clips are recorded.</param>
    public static ICameraSource Create(CameraSettings settings, FramePool pool, TimeProvider time, ILogger log, ClipRings? clips = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(log);
        SourceAddress address;
        try
        {
            address = SourceKinds.Parse(settings.Source);
        }
        catch (FormatException fault)
        {
            var faulty = new CameraContext(settings, isLive: false, pool, time, log);
            return new Camera(faulty, $"{faulty.Secrets.Apply(settings.Source)} (not well formed)", new FailingFeed(fault.Message));
        }

        // Feeds are given the address as their decoder understands it.
        var context = new CameraContext(address.Adapt(settings), address.IsLive, pool, time, log)
        {
            Clips = settings.RecordsClips && CanRecordClips(settings.Source) ? clips?.Of(settings.Id.Value) : null,
        };
        return new Camera(context, $"{context.Secrets.Apply(settings.Source)} ({address.Reader})", address.CreateFeed());
    }

    /// <summary>The accepted sources, in Markdown, for the configuration reference.</summary>
    public static string Documented => SourceKinds.Documented;

    /// <summary>The scheme of a source that was probably intended as an address and lacks its <c>//</c>, so that it would be taken for the
    /// name of a file; null for others.</summary>
    public static string? FindSchemeWithoutSlashes(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return SourceKinds.All.SelectMany(kind => kind.SchemesThatNeedSlashes).FirstOrDefault(scheme =>
            source.StartsWith($"{scheme}:", StringComparison.OrdinalIgnoreCase)
            && !source.StartsWith($"{scheme}://", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Completes a relative path; addresses, pipelines and what is not well formed stay as they are.</summary>
    /// <param name="source">As it was written.</param>
    /// <param name="fullPath">Completes a path.</param>
    public static string Resolve(string source, Func<string, string> fullPath)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(fullPath);
        return !source.Contains("://", StringComparison.Ordinal) && KindOf(source) is { IsPath: true } ? fullPath(source) : source;
    }

    /// <summary>Whether a client that cannot read this machine's files may name a source: an address in the network, or a test pattern, but
    /// no file, device or pipeline.</summary>
    public static bool MayBeNamedByClient(string source) => KindOf(source) is { MayBeNamedByClient: true };

    /// <summary>The program or library that the machine must have for a source.</summary>
    public static SourceRequirement RequirementOf(string source) => KindOf(source)?.Requirement ?? SourceRequirement.None;

    /// <summary>Whether clips can be recorded of a source: its decoder receives a stream that can be copied.</summary>
    public static bool CanRecordClips(string source) => KindOf(source) is { RecordsClips: true };

    /// <summary>The addresses of which clips can be recorded, for messages: <c>rtsp://, rtsps:// and udp://</c>.</summary>
    public static string ClipSources { get; } = SourceKinds.All.Where(kind => kind.RecordsClips).SelectMany(kind => kind.Prefixes).ToList() is var all
        ? $"{string.Join(", ", all[..^1])} and {all[^1]}"
        : "";

    /// <summary>The feed for a stream that a camera named, with the settings to run it with.</summary>
    /// <param name="settings">Their source came from the camera and is not trusted: network streams only.</param>
    /// <exception cref="FormatException">The address is of another kind, or not well formed.</exception>
    internal static (CameraSettings Settings, IFrameFeed Feed) OpenStream(CameraSettings settings)
    {
        var address = SourceKinds.Parse(settings.Source);
        return address.MayBeNamedByCamera
            ? (address.Adapt(settings), address.CreateFeed())
            : throw new FormatException($"'{SecretMask.Patterns(settings.Source)}' is not the address of a stream.");
    }

    private static SourceKind? KindOf(string source)
    {
        try
        {
            return SourceKinds.Find(source);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
