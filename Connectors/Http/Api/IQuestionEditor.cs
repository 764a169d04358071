using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Shows and changes the questions of the cameras while the service runs. The user's configuration file is never changed:
/// a change is kept beside it. Blocks while a change is checked and stored. Thread-safe.</summary>
public interface IQuestionEditor
{
    /// <summary>The questions of a camera with their definitions, also those that were deleted here.</summary>
    /// <exception cref="HttpFailureException">The camera is not configured.</exception>
    JsonArray List(string camera);

    /// <summary>Creates or replaces a question.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">The question's name.</param>
    /// <param name="definition">The definition as JSON, with the members of the configuration file.</param>
    /// <exception cref="HttpFailureException">The camera is not configured, the definition is not valid, or nothing can be
    /// stored.</exception>
    ChangedQuestion Set(string camera, string question, ReadOnlyMemory<byte> definition);

    /// <summary>Scores a question by what was taught from now on.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="file">The taught file; null goes back to the model's own score.</param>
    /// <returns>The question's definition.</returns>
    /// <exception cref="HttpFailureException">The camera does not have the question, or nothing can be stored.</exception>
    JsonObject UseTaught(string camera, string question, string? file);

    /// <summary>Deletes a question.</summary>
    /// <returns>What is left of it.</returns>
    /// <exception cref="HttpFailureException">The camera does not have the question, another one needs it, or nothing can be
    /// stored.</exception>
    JsonObject Delete(string camera, string question);

    /// <summary>Drops what was changed here, so that the configuration file applies again.</summary>
    /// <returns>The question as the file has it; marked as deleted when the file has none.</returns>
    /// <exception cref="HttpFailureException">The camera does not have the question, another one needs it, or nothing can be
    /// stored.</exception>
    JsonObject Reset(string camera, string question);

    /// <summary>All changes, as a part of a configuration file.</summary>
    QuestionExport Export();
}

/// <summary>A question that was created or replaced.</summary>
/// <param name="Definition">Its definition as it counts now.</param>
/// <param name="IsNew">It did not exist before.</param>
public sealed record ChangedQuestion(JsonObject Definition, bool IsNew);

/// <summary>The changes of all questions.</summary>
/// <param name="Fragment">A part of a configuration file that creates or replaces questions.</param>
/// <param name="Deleted">The deleted ones (<c>gate/person</c>), which a part of a file cannot express.</param>
public sealed record QuestionExport(JsonObject Fragment, IReadOnlyList<string> Deleted);
