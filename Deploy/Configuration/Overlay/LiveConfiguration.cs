using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>The configuration of the running service: what the file says, and over it the questions that were set over HTTP. Both kinds of
/// change are applied one at a time. Thread-safe.</summary>
internal sealed partial class LiveConfiguration : IQuestionEditor
{
    private readonly Lock _lock = new();
    private readonly Func<EdgeConfiguration, ConfigurationChange> _apply;
    private readonly QuestionOverlayFile? _file;
    private readonly ILogger _logger;
    private volatile EdgeConfiguration _current;
    private volatile QuestionOverlay _overlay;

    /// <param name="configuration">The configuration with which the service was started.</param>
    /// <param name="apply">Applies the cameras and questions of another one.</param>
    /// <param name="loggers">For the log.</param>
    public LiveConfiguration(EdgeConfiguration configuration, Func<EdgeConfiguration, ConfigurationChange> apply, ILoggerFactory loggers)
    {
        (_current, _apply, _logger) = (configuration, apply, loggers.CreateLogger<LiveConfiguration>());
        _file = configuration.StateFolder is { } folder
            ? new QuestionOverlayFile(folder, loggers.CreateLogger<QuestionOverlayFile>())
            : null;
        _overlay = _file?.Open() ?? QuestionOverlay.Empty;
        var uses = configuration.OverlayUses.Where(use => use.Effect != OverlayEffect.Unused).ToList();
        if (uses.Count > 0)
        {
            var changes = string.Join("; ", uses);
            LogOverlay(changes);
        }
    }

    /// <summary>The configuration in use. Does not wait for a change, which writes to the disk.</summary>
    public EdgeConfiguration Current => _current;

    /// <summary>The questions that were set over HTTP. Does not wait for a change.</summary>
    public QuestionOverlay Overlay => _overlay;

    /// <summary>Applies a changed configuration file; the questions that were set over HTTP still count.</summary>
    /// <param name="file">The new content of the file, validated.</param>
    /// <returns>The differences, and the configuration in use from now on.</returns>
    /// <exception cref="ConfigurationException">The file became invalid meanwhile.</exception>
    public (ConfigurationChange Change, EdgeConfiguration Now) Reload(EdgeConfiguration file)
    {
        lock (_lock)
        {
            var now = file.With(_overlay);
            var change = _apply(now);
            _current = now;
            return (change, now);
        }
    }

    /// <inheritdoc/>
    public JsonArray List(string camera) => CameraQuestions.Of(Current, camera).List();

    /// <inheritdoc/>
    public ChangedQuestion Set(string camera, string question, ReadOnlyMemory<byte> definition)
    {
        var text = Parse(definition);
        lock (_lock)
        {
            var questions = CameraQuestions.Of(_current, camera);
            var known = questions.Find(question);
            if (known is null && questions.Count >= QuestionOverlay.MaxQuestionsPerCamera)
            {
                throw HttpFailureException.Invalid(null, $"the camera '{camera}' has {questions.Count} questions, which is the most; delete one first");
            }

            var key = new QuestionKey(camera, known ?? question);
            Change(_overlay.With(key, new OverlayEntry(text)), key);
            LogSet(key);
            return new ChangedQuestion(CameraQuestions.Of(_current, camera).Describe(key.Question), known is null);
        }
    }

    /// <summary>Scores a question by a taught file from now on, as if its definition were set with <c>Taught</c> over HTTP. The file is read
    /// by this call, also if it is the one that the question has already and its content is another.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="file">In the folder of the configuration or in the state folder; null goes back to the model's own score.</param>
    /// <param name="answerer">What answers the question; null keeps the configured choice.</param>
    /// <returns>The question's definition; whether the file is used is in <see cref="EdgeConfiguration.Taught"/> of <see cref="Current"/>.</returns>
    /// <exception cref="HttpFailureException">The camera does not have the question, the file is elsewhere, or nothing can be
    /// stored.</exception>
    public JsonObject UseTaught(string camera, string question, string? file, TaughtAnswerer? answerer = null)
    {
        lock (_lock)
        {
            var questions = CameraQuestions.Of(_current, camera);
            var id = questions.Find(question) ?? throw questions.Unknown(question);
            var definition = questions.Describe(id);
            definition.Remove(nameof(QuestionOptions.Taught));
            if (file is not null)
            {
                definition[nameof(QuestionOptions.Taught)] = file;
            }

            if (file is null)
            {
                definition.Remove(nameof(QuestionOptions.Answerer));
            }
            else if (answerer is { } chosen)
            {
                definition[nameof(QuestionOptions.Answerer)] = chosen.ToString();
            }

            return Set(camera, id, Encoding.UTF8.GetBytes(definition.ToJsonString())).Definition;
        }
    }

    /// <inheritdoc/>
    JsonObject IQuestionEditor.UseTaught(string camera, string question, string? file) => UseTaught(camera, question, file);

    /// <inheritdoc/>
    public JsonObject Delete(string camera, string question)
    {
        lock (_lock)
        {
            var questions = CameraQuestions.Of(_current, camera);
            var key = new QuestionKey(camera, questions.Find(question) ?? throw questions.Unknown(question));
            Change(questions.IsInFile(key.Question) ? _overlay.With(key, OverlayEntry.Deletion) : _overlay.Without(key), key);
            LogDeleted(key);
            return CameraQuestions.Of(_current, camera).DescribeDeleted(key.Question);
        }
    }

    /// <inheritdoc/>
    public JsonObject Reset(string camera, string question)
    {
        lock (_lock)
        {
            // The entries of a camera that the file does not have any more can be dropped too.
            var key = new QuestionKey(camera, question);
            if (!_overlay.Entries.ContainsKey(key) && CameraQuestions.Of(_current, camera) is var questions && questions.Find(question) is null)
            {
                throw questions.Unknown(question);
            }

            Change(_overlay.Without(key), key);
            LogReset(key);
            return _current.Options.Cameras.ContainsKey(camera) && CameraQuestions.Of(_current, camera) is var now && now.Find(question) is { } name
                ? now.Describe(name)
                : CameraQuestions.Gone(question);
        }
    }

    /// <inheritdoc/>
    public QuestionExport Export() => OverlayExport.Of(Overlay);

    /// <summary>Checks, stores and applies other questions.</summary>
    private void Change(QuestionOverlay overlay, QuestionKey key)
    {
        var file = _file ?? throw new HttpFailureException(
            StatusCodes.Status409Conflict,
            "questions cannot be changed over HTTP, because nothing is kept over a restart; set StateFolder in the configuration and restart the service",
            "no_state_folder");
        if (file.Unreadable is { } reason)
        {
            // What is in it would be lost.
            throw NotStored($"the earlier changes cannot be read ({reason}), so that a new one would replace them; repair the disk or the permissions of StateFolder and restart the service");
        }

        var changed = Check(overlay, key);
        if (overlay.ToJson().Length > QuestionOverlay.MaxBytes)
        {
            throw new HttpFailureException(
                StatusCodes.Status409Conflict,
                $"all changes together would have more than {QuestionOverlay.MaxBytes / 1024} KiB; move some into the configuration file (config export-questions) and reset them here",
                "too_many_changes");
        }

        try
        {
            file.Write(overlay);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotStored(file.FilePath, fault.Message.TrimEnd('.'));
            throw NotStored($"the change cannot be stored and is not applied: {fault.Message.TrimEnd('.')}; free space, or repair the disk or the permissions of StateFolder");
        }

        try
        {
            _apply(changed);
        }
        catch (InvalidOperationException)
        {
            throw HttpFailureException.Unavailable("the service stops; the change is stored and counts from the next start", TimeSpan.FromSeconds(10));
        }

        (_overlay, _current) = (overlay, changed);
    }

    private static HttpFailureException NotStored(string message) => new(StatusCodes.Status507InsufficientStorage, message, "not_stored");

    /// <exception cref="HttpFailureException">The changed question is not valid, or another one is not with it.</exception>
    private EdgeConfiguration Check(QuestionOverlay overlay, QuestionKey key)
    {
        EdgeConfiguration changed;
        try
        {
            changed = _current.With(overlay);
        }
        catch (ConfigurationException invalid)
        {
            throw Refused(key, invalid.Errors);
        }

        // What did not count before may still not count.
        var before = UnusedIn(_current);
        var broken = changed.OverlayUses.FirstOrDefault(use => use.Effect == OverlayEffect.Unused
            && use.Errors.Count > 0
            && (!before.Contains(use.Key.ToString()) || use.Key.ToString().Equals(key.ToString(), StringComparison.OrdinalIgnoreCase)));
        return broken is null ? changed : throw Refused(key, broken.Errors);
    }

    private static HashSet<string> UnusedIn(EdgeConfiguration configuration) => new(
        configuration.OverlayUses.Where(use => use.Effect == OverlayEffect.Unused).Select(use => use.Key.ToString()), StringComparer.OrdinalIgnoreCase);

    /// <summary>Names the members of the definition as the client wrote them; the keys of other questions in full.</summary>
    private static HttpFailureException Refused(QuestionKey key, IReadOnlyList<ConfigurationProblem> errors)
    {
        var prefix = $"{OverlayUse.ConfigurationKey(key)}:";
        var lines = errors.Select(error => error with
        {
            Key = error.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? error.Key[prefix.Length..] : error.Key,
            Origin = null,
        }).ToList();
        return HttpFailureException.Invalid(
            lines[0].Key.Contains(':', StringComparison.Ordinal) && lines[0].Key == errors[0].Key ? null : lines[0].Key,
            string.Join("; ", lines.Select(line => line.ToString())));
    }

    /// <summary>Reads a definition as a configuration file is read, without what a list adds to it.</summary>
    private static string Parse(ReadOnlyMemory<byte> definition)
    {
        if (definition.Length > QuestionOverlay.MaxDefinitionBytes)
        {
            throw HttpFailureException.Invalid(null, $"the definition has {definition.Length} bytes; {QuestionOverlay.MaxDefinitionBytes} at most would be accepted");
        }

        try
        {
            var document = JsonNode.Parse(definition.Span, documentOptions: new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                AllowDuplicateProperties = false,
                MaxDepth = 16,
            }) as JsonObject ?? throw new JsonException("it is not an object");
            foreach (var added in QuestionDocument.Added)
            {
                document.Remove(added);
            }

            return document.ToJsonString();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw HttpFailureException.Invalid(null, $"the body is not the definition of a question as JSON: {error.Message}");
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Questions set over HTTP override the configuration file: {Changes}.")]
    private partial void LogOverlay(string changes);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "The question {Question} was set over HTTP.")]
    private partial void LogSet(QuestionKey question);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "The question {Question} was deleted over HTTP.")]
    private partial void LogDeleted(QuestionKey question);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "The question {Question} was reset over HTTP: the configuration file applies again.")]
    private partial void LogReset(QuestionKey question);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message =
        "{File} cannot be written ({Reason}), so a change of a question over HTTP was refused. Free space, or repair the disk or the permissions of StateFolder.")]
    private partial void LogNotStored(string file, string reason);
}
