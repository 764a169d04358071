using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Completions;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Completions;

public sealed class TextCompleterTests
{
    private const string Question = "Describe the picture.";
    private const double Noise = 2e-4;

    private static readonly GoldenModel Model = GoldenModel.Get("mobilevlm-v2");

    private static TextCompleter Completer(int capacity = 512) => new(Model.Folder, Model.Decoder, Model.Tokenizer, capacity);

    private static ChatPrompt Prompt(params ConversationTurn[] turns) => ChatPrompt.Build(Model.Tokenizer, null, turns, 0);

    private static CompletionOptions Greedy(int maxTokens) => new(new GenerationOptions(maxTokens), Sampler.Greedy);

    private static Completion Finish(Completion completion)
    {
        while (!completion.Advance(TimeSpan.Zero, CancellationToken.None))
        {
        }

        return completion;
    }

    [Theory]
    [InlineData("case0.png")]
    [InlineData("case1.png")]
    public void A_question_about_a_picture_gets_the_answer_of_ask(string image)
    {
        using var picture = Model.Encode("mobilevlm-v2", image);
        using var answerer = Model.Answerer();
        answerer.PrefillPicture(picture);
        using var completer = Completer();

        var completion = Finish(completer.Begin(Prompt(new ConversationTurn(Question, null)), picture, Greedy(24)));

        var expected = answerer.Ask(new Question(Question, AnswerKind.Text, 24));
        Assert.Equal(expected.TokenIds, completion.Result.TokenIds);
        Assert.Equal(expected.Finish, completion.Result.Finish);
        Assert.Equal(answerer.PromptIdsBefore.Count + picture.Count + answerer.PromptIdsAfter(Question).Count, completion.PromptTokens);
    }

    [Fact]
    public void A_prompt_that_continues_an_earlier_one_gets_the_answer_of_a_fresh_start()
    {
        using var picture = Model.Encode("mobilevlm-v2", "case0.png");
        using var other = Model.Encode("mobilevlm-v2", "case1.png");
        using var used = Completer();
        var first = Finish(used.Begin(Prompt(new ConversationTurn(Question, null)), picture, Greedy(8))).Result.Text;
        (VisualTokens Picture, ChatPrompt Prompt)[] later =
        [
            (picture, Prompt(new ConversationTurn(Question, first), new ConversationTurn("Why?", null))),
            (picture, Prompt(new ConversationTurn("Is it day?", null))),
            (other, Prompt(new ConversationTurn("Is it day?", null))),
            (picture, Prompt(new ConversationTurn("Is it day?", null))),
        ];

        foreach (var (shown, prompt) in later)
        {
            using var fresh = Completer();
            Assert.Equal(
                Finish(fresh.Begin(prompt, shown, Greedy(8))).Result.TokenIds,
                Finish(used.Begin(prompt, shown, Greedy(8))).Result.TokenIds);
        }
    }

    [Fact]
    public void Tokens_of_a_prompt_have_the_probabilities_of_the_logits()
    {
        int[] ids = [Model.Tokenizer.BeginId, .. Model.Tokenizer.Encode(string.Concat(Enumerable.Repeat("The gate is open and a person stands there. ", 12)))];
        using var completer = Completer();

        var completion = Finish(completer.Begin(new ChatPrompt(ids, []), null, Greedy(1) with { TopCount = 3, ScoresPrompt = true }));

        Assert.Equal(ids, completion.Prompt.Select(token => token.Id));
        Assert.Null(completion.Prompt[0].LogProbability);
        using var state = Model.Decoder.CreateState(512);
        var logits = state.Step(ids[0]).ToArray();
        for (var i = 1; i < ids.Length; i++)
        {
            var token = completion.Prompt[i];
            Assert.Equal(LogSoftmax.At(logits, ids[i]), token.LogProbability!.Value, Noise);
            var best = logits.Index().OrderByDescending(logit => logit.Item).Take(3).ToList();
            Assert.Equal(best.Select(logit => LogSoftmax.At(logits, logit.Index)), token.Top.Select(top => (double)top.LogProbability), (a, b) => Math.Abs(a - b) < Noise);
            Assert.True(token.Top[0].LogProbability >= token.LogProbability);
            logits = state.Step(ids[i]).ToArray();
        }

        var generated = Assert.Single(completion.Generated);
        Assert.Equal(generated.Top[0], (generated.Id, generated.LogProbability!.Value));
        Assert.Equal(Assert.Single(completion.Result.TokenIds), generated.Id);
    }

    [Fact]
    public void Continuations_of_one_context_get_the_probabilities_of_a_fresh_start()
    {
        int[] context = [Model.Tokenizer.BeginId, .. Model.Tokenizer.Encode("The gate is open and a person")];
        using var used = Completer();
        foreach (var continuation in (string[])["stands", "stands there", "walks", "", "walks away", "stands there"])
        {
            int[] ids = [.. context, .. Model.Tokenizer.Encode(continuation)];
            using var fresh = Completer();
            var (expected, actual) = (Score(fresh), Score(used));
            Assert.Equal(ids, actual.Prompt.Select(token => token.Id));
            Assert.Equal(
                expected.Prompt.Concat(expected.Generated).Select(token => (double?)token.LogProbability ?? 0),
                actual.Prompt.Concat(actual.Generated).Select(token => (double?)token.LogProbability ?? 0),
                (a, b) => Math.Abs(a - b) < Noise);

            Completion Score(TextCompleter completer) => Finish(
                completer.Begin(new ChatPrompt(ids, []), null, Greedy(1) with { TopCount = 1, ScoresPrompt = true }));
        }
    }

    [Fact]
    public void A_prompt_can_be_scored_without_generating()
    {
        using var completer = Completer();
        var completion = Finish(completer.Begin(new ChatPrompt([1, 300, 301], []), null, new CompletionOptions(null, Sampler.Greedy) { TopCount = 1, ScoresPrompt = true }));
        Assert.Equal((3, 0, ""), (completion.Prompt.Count, completion.Generated.Count, completion.Result.Text));
    }

    [Fact]
    public void Slices_of_time_change_nothing()
    {
        using var picture = Model.Encode("mobilevlm-v2", "case2.png");
        using var completer = Completer();
        var prompt = Prompt(new ConversationTurn(Question, null));
        var inSlices = Finish(completer.Begin(prompt, picture, Greedy(12)));
        using var fresh = Completer();
        var atOnce = fresh.Begin(prompt, picture, Greedy(12));
        Assert.True(atOnce.Advance(TimeSpan.FromMinutes(5), CancellationToken.None));
        Assert.Equal(inSlices.Result.TokenIds, atOnce.Result.TokenIds);
    }

    [Fact]
    public void Questions_behind_a_conversation_get_the_answers_that_each_would_get_alone()
    {
        using var picture = Model.Encode("mobilevlm-v2", "case0.png");
        using var answerer = Model.Answerer();
        answerer.PrefillPicture(picture);
        using var completer = Completer();
        Question[] questions =
        [
            new("Is there a person?", AnswerKind.YesNo),
            new("Is it day or night?", AnswerKind.Choice) { Choices = ["day", "night"] },
            new("What is there?", AnswerKind.Text, 6),
        ];

        var answers = completer.AskAll(
            Prompt(new ConversationTurn("x", null)).Before,
            picture,
            [.. questions.Select(question => (question, Prompt(new ConversationTurn(question.Text, null)).After))],
            CancellationToken.None);

        for (var i = 0; i < questions.Length; i++)
        {
            var expected = answerer.Ask(questions[i]);
            Assert.Equal((expected.Value, expected.Text), (answers[i].Value, answers[i].Text));
            Assert.Equal(expected.Score ?? 0, answers[i].Score ?? 0, 1e-3);
        }
    }

    [Fact]
    public void A_cancelled_text_ends_as_it_is_and_the_next_one_is_not_affected()
    {
        using var completer = Completer();
        using var cancel = new CancellationTokenSource();
        var prompt = ChatPrompt.Build(Model.Tokenizer, null, [new ConversationTurn("Tell a story.", null)], null);
        var cancelled = completer.Begin(prompt, null, Greedy(200));
        Assert.False(cancelled.Advance(TimeSpan.Zero, cancel.Token));
        cancel.Cancel();
        Assert.True(cancelled.Advance(TimeSpan.Zero, cancel.Token));
        Assert.Equal(FinishReason.Cancelled, cancelled.Result.Finish);

        using var fresh = Completer();
        Assert.Equal(Finish(fresh.Begin(prompt, null, Greedy(5))).Result.TokenIds, Finish(completer.Begin(prompt, null, Greedy(5))).Result.TokenIds);
    }

    [Fact]
    public void A_text_ends_where_the_context_ends_and_a_prompt_that_is_longer_is_refused()
    {
        using var completer = Completer(capacity: 16);
        int[] ids = [.. Enumerable.Repeat(300, 16)];
        Assert.Single(Finish(completer.Begin(new ChatPrompt(ids, []), null, Greedy(9))).Result.TokenIds);
        Assert.Throws<ContextFullException>(() => completer.Begin(new ChatPrompt([.. ids, 301], []), null, Greedy(1)));
    }
}
