using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>Texts that are generated together in a context that just holds them.</summary>
public sealed class TightContextTests
{
    [Fact]
    public void Wrong_drafts_take_no_tokens_that_other_answers_need()
    {
        const string Name = "mobilevlm-v2";
        var model = GoldenModel.Get(Name);
        using var picture = model.Encode(Name, "case0.png");
        var counter = QuestionTokenCounter.Open(model.Folder.FolderPath);
        using var large = model.Answerer();
        large.PrefillPicture(picture);
        Question[] questions =
        [
            new("Describe the picture.", AnswerKind.Text, 40), new("What is on the road?", AnswerKind.Text, 40),
            new("And now?", AnswerKind.Text, 40),
        ];
        var alone = questions.Select(q => large.Ask(q)).ToArray();
        Assert.All(alone, answer => Assert.Equal(40, answer.TokenIds.Count));
        var prompt = large.PromptIdsBefore.Count + picture.Count;

        // This model repeats itself, so a draft that continues the repeated token wrongly is tried at every step.
        var drafted = questions.Zip(alone, (question, answer) => question with { Draft = Wrong(answer.TokenIds) }).ToArray();
        var capacity = prompt + drafted.Sum(q => (int)counter.Count(q) - prompt + q.Draft.Count);
        using var tight = new QuestionAnswerer(model.Folder, model.Decoder, capacity);
        tight.PrefillPicture(picture);
        var before = tight.Passes;
        var reported = new Answer[questions.Length];
        tight.AskAll(drafted, (at, answer) => reported[at] = answer);

        Assert.Equal(alone.Select(a => a.TokenIds), reported.Select(a => a.TokenIds));
        Assert.InRange(tight.Passes - before, 1, 40);
    }

    private static int[] Wrong(IReadOnlyList<int> answer)
    {
        var repeated = answer.Zip(answer.Skip(1)).Where(pair => pair.First == pair.Second)
            .CountBy(pair => pair.First).MaxBy(count => count.Value).Key;
        return [repeated, repeated, 5, 5, 5, 5];
    }
}
