using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>Texts that are written side by side in a context that just holds them.</summary>
public sealed class TightContextTests
{
    [Fact]
    public void Wrong_guesses_take_no_room_that_the_answers_beside_them_need()
    {
        const string Name = "mobilevlm-v2";
        var model = GoldenModel.Get(Name);
        using var picture = QuestionAnswererTests.Look(model, Name, "case0.png");
        var counter = QuestionTokenCounter.Open(model.Folder.FolderPath);
        using var roomy = model.Answerer();
        roomy.Prime(picture);
        Question[] questions =
        [
            new("Describe the picture.", AnswerKind.Text, 40), new("What is on the road?", AnswerKind.Text, 40),
            new("And now?", AnswerKind.Text, 40),
        ];
        var alone = questions.Select(q => roomy.Ask(q)).ToArray();
        Assert.All(alone, answer => Assert.Equal(40, answer.TokenIds.Count));
        var prompt = roomy.PromptIdsBefore.Count + picture.Count;

        // This model repeats itself, so a guess that continues the repeated token wrongly is tried at every step.
        var guessed = questions.Zip(alone, (question, answer) => question with { Draft = Wrong(answer.TokenIds) }).ToArray();
        var capacity = prompt + guessed.Sum(q => (int)counter.Count(q) - prompt + q.Draft.Count);
        using var tight = new QuestionAnswerer(model.Folder, model.Decoder, capacity);
        tight.Prime(picture);
        var before = tight.Passes;
        var told = new Answer[questions.Length];
        tight.AskAll(guessed, (at, answer) => told[at] = answer);

        Assert.Equal(alone.Select(a => a.TokenIds), told.Select(a => a.TokenIds));
        Assert.InRange(tight.Passes - before, 1, 40);
    }

    private static int[] Wrong(IReadOnlyList<int> answer)
    {
        var repeated = answer.Zip(answer.Skip(1)).Where(pair => pair.First == pair.Second)
            .CountBy(pair => pair.First).MaxBy(count => count.Value).Key;
        return [repeated, repeated, 5, 5, 5, 5];
    }
}
