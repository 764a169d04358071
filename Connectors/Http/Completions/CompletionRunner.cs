using System.Threading.Channels;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>Gives requests their turn at the model, and turns what it writes into a response or a stream.</summary>
internal sealed class CompletionRunner(ITextCompletion completion, RequestQueue queue, HttpServerSettings settings, TimeProvider time)
{
    /// <summary>Most tokens of an answer to a background request of a chat page.</summary>
    private const int ChatTaskTokens = 64;

    public ITextCompletion Completion => completion;

    public ModelDescription Model => completion.Model;

    public HttpServerSettings Settings => settings;

    public TimeProvider Time => time;

    /// <summary>Checks the name of the model; none, or an empty one, is this model.</summary>
    /// <exception cref="HttpFailureException">It is another model, or this host has none.</exception>
    public void CheckModel(string? name)
    {
        if (completion.Refusal is { } refusal)
        {
            throw refusal;
        }

        if (!string.IsNullOrWhiteSpace(name) && !Model.IsNamed(name))
        {
            throw new HttpFailureException(
                404, $"the model '{HttpFailureException.Shown(name)}' is not served here; the model is '{Model.Id}'", "model_not_found", "model");
        }
    }

    /// <summary>How the answer to a conversation is made: one to a background request of a chat page is short.</summary>
    public static SamplingSettings SamplingOf(ChatMessages messages, SamplingSettings sampling) => messages.IsChatTask
        ? sampling with { MaxTokens = Math.Min(sampling.MaxTokens ?? int.MaxValue, ChatTaskTokens) }
        : sampling;

    /// <summary>The order of the turn of a conversation.</summary>
    public static RequestPriority PriorityOf(ChatRequest chat, bool streams) =>
        chat.Picture is not null || streams ? RequestPriority.Interactive : RequestPriority.Background;

    /// <summary>Fills in the values of an answer whose form is known: that of a schema, or a bare value for which the question
    /// asks.</summary>
    /// <param name="chat">The conversation.</param>
    /// <param name="structure">The form that the request has; null where it has none.</param>
    /// <param name="isAnyObject">The client expects a JSON object: a bare value comes inside of one.</param>
    /// <param name="priority">The order of the turn.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <returns>Null where the form is not known and the model writes the answer.</returns>
    /// <exception cref="HttpFailureException">The model is not loaded in time, or too many requests wait.</exception>
    public async Task<CompletedText?> TryFillAsync(
        ChatRequest chat, StructuredOutput? structure, bool isAnyObject, RequestPriority priority, CancellationToken cancel)
    {
        var text = chat.Turns[^1].User;
        if (structure is not null)
        {
            return await FillAsync(
                chat, structure.Questions(text), values => structure.Fill(values)?.ToJsonString() ?? "null", priority, cancel);
        }

        if (BareValue.Read(text) is not { } bare)
        {
            return null;
        }

        var filled = await FillAsync(chat, bare.Questions, bare.Fill, priority, cancel);
        return isAnyObject ? filled with { Text = AnyObject.Of(filled.Text) } : filled;
    }

    /// <summary>Waits for the model and for the turn, then works.</summary>
    /// <exception cref="HttpFailureException">The model is not loaded in time, or too many requests wait.</exception>
    public async Task<T> RunAsync<T>(RequestPriority priority, Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        using var turn = await EnterAsync(priority, cancel);
        return await work(cancel);
    }

    /// <summary>Waits for the model and for the turn, then streams. Until the model has written something or
    /// <see cref="HttpServerSettings.PingEvery"/> has passed, a failure is thrown and can become a status.</summary>
    /// <param name="priority">The order of the turn.</param>
    /// <param name="work">Writes the text to its first argument.</param>
    /// <param name="stream">Writes the response.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    public async Task StreamAsync(
        RequestPriority priority,
        Func<Action<string>, CancellationToken, Task<CompletedText>> work,
        ITextStream stream,
        CancellationToken cancel)
    {
        using var turn = await EnterAsync(priority, cancel);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        var running = Task.Run(
            async () =>
            {
                try
                {
                    return await work(piece => pieces.Writer.TryWrite(piece), ending.Token);
                }
                finally
                {
                    pieces.Writer.TryComplete();
                }
            },
            CancellationToken.None);
        var hasBegun = false;
        try
        {
            var waiting = NextAsync();
            while (true)
            {
                var isNext = await EndsInTimeAsync(waiting, ending.Token);
                if (isNext && !await waiting)
                {
                    break;
                }

                if (!hasBegun)
                {
                    hasBegun = true;
                    await stream.BeginAsync();
                }

                if (!isNext)
                {
                    await stream.KeepAliveAsync();
                    continue;
                }

                while (pieces.Reader.TryRead(out var piece))
                {
                    await stream.WriteAsync(piece);
                }

                waiting = NextAsync();
            }

            var completed = await running;
            if (!hasBegun)
            {
                hasBegun = true;
                await stream.BeginAsync();
            }

            await stream.EndAsync(completed);
        }
        catch (Exception fault) when (hasBegun && !cancel.IsCancellationRequested && fault is not IOException)
        {
            await stream.FailAsync(fault as HttpFailureException ?? new HttpFailureException(500, "the service failed at this request; its log has the reason", "internal_error"));
            if (fault is not HttpFailureException)
            {
                throw;
            }
        }
        finally
        {
            // The turn ends when the model has stopped.
            await ending.CancelAsync();
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Task<bool> NextAsync() => pieces.Reader.WaitToReadAsync(ending.Token).AsTask();
    }

    private async Task<CompletedText> FillAsync(
        ChatRequest chat,
        IReadOnlyList<FieldQuestion> questions,
        Func<IReadOnlyList<string>, string> fill,
        RequestPriority priority,
        CancellationToken cancel)
    {
        var filled = questions.Count == 0
            ? new FieldAnswers([], 0, 0, 0)
            : await RunAsync(priority, stop => completion.FillAsync(chat, questions, stop), cancel);
        return new CompletedText
        {
            Text = fill(filled.Values),
            IsCutOff = false,
            PromptTokens = filled.PromptTokens,
            PictureTokens = filled.PictureTokens,
            GeneratedTokens = filled.GeneratedTokens,
        };
    }

    private async Task<IDisposable> EnterAsync(RequestPriority priority, CancellationToken cancel)
    {
        try
        {
            await completion.Ready.WaitAsync(queue.Within, time, cancel);
        }
        catch (TimeoutException)
        {
            throw HttpFailureException.Unavailable("the model is still being loaded", TimeSpan.FromSeconds(10));
        }

        return await queue.EnterAsync(priority, cancel);
    }

    /// <returns>Whether the wait ended within <see cref="HttpServerSettings.PingEvery"/>.</returns>
    private async Task<bool> EndsInTimeAsync(Task waiting, CancellationToken cancel)
    {
        try
        {
            await waiting.WaitAsync(settings.PingEvery, time, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}

/// <summary>Writes a text as it is generated.</summary>
internal interface ITextStream
{
    /// <summary>Sends the headers and what precedes the text.</summary>
    Task BeginAsync();

    /// <summary>Nothing was written for a while.</summary>
    Task KeepAliveAsync();

    /// <summary>Sends a piece of the text.</summary>
    Task WriteAsync(string piece);

    /// <summary>Sends what follows the text.</summary>
    Task EndAsync(CompletedText completed);

    /// <summary>Reports a failure in the middle of the text and cuts the connection.</summary>
    Task FailAsync(HttpFailureException failure);
}
