using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes that show and change the questions of the cameras.</summary>
internal sealed class QuestionRoutes(HttpServices services, RequestBody bodies)
{
    /// <summary>Names the questions that an export cannot express.</summary>
    public const string DeletedHeader = "X-MobileVLM-Deleted";

    private const string Questions = "/api/v1/cameras/{camera}/questions";
    private const string Question = $"{Questions}/{{question}}";

    /// <summary>A definition is far smaller; the editor has a limit of its own.</summary>
    private const int MaxBytes = 256 * 1024;

    private IQuestionEditor Editor => services.Started(services.Questions);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, Questions, AccessLevel.Read, ErrorForm.Object, context => context.WriteJsonAsync(Editor.List(context.Values[0]))),
        new(HttpMethods.Put, Question, AccessLevel.Full, ErrorForm.Object, SetAsync),
        new(HttpMethods.Delete, Question, AccessLevel.Full, ErrorForm.Object, context => ChangeAsync(context, (editor, values) => editor.Delete(values[0], values[1]))),
        new(HttpMethods.Post, $"{Question}/reset", AccessLevel.Full, ErrorForm.Object, context => ChangeAsync(context, (editor, values) => editor.Reset(values[0], values[1]))),
        new(HttpMethods.Get, "/api/v1/questions/export", AccessLevel.Read, ErrorForm.Object, ExportAsync),
    ];

    private async Task SetAsync(RouteContext context)
    {
        var editor = Editor;
        var definition = await bodies.ReadAsync(context, body => body, MaxBytes);
        var changed = await Task.Run(() => editor.Set(context.Values[0], context.Values[1], definition), context.Stopping);
        await context.WriteJsonAsync(changed.Definition, changed.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private async Task ChangeAsync(RouteContext context, Func<IQuestionEditor, IReadOnlyList<string>, JsonObject> change)
    {
        var editor = Editor;
        await context.WriteJsonAsync(await Task.Run(() => change(editor, context.Values), context.Stopping));
    }

    private Task ExportAsync(RouteContext context)
    {
        var export = Editor.Export();
        if (export.Deleted.Count > 0)
        {
            context.Http.Response.Headers[DeletedHeader] = string.Join(", ", export.Deleted);
        }

        return context.WriteJsonAsync(export.Fragment);
    }
}
