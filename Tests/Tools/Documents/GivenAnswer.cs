using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>A model's answer to a question about a held-out image.</summary>
/// <param name="Text">The generated text.</param>
/// <param name="Correct">Whether the text is the expected answer, character for character.</param>
/// <param name="Score">P(yes), 0 to 1; null if the expected answer is neither Yes nor No.</param>
/// <param name="Yes">Whether Yes is expected.</param>
/// <param name="Mass">Probability of Yes and No together; null if the expected answer is neither.</param>
internal sealed record GivenAnswer(string Text, bool Correct, double? Score, bool Yes, double? Mass = null)
{
    /// <summary>Asks a model every question about every scene, as a text and, where the answer is Yes or No, as a score.</summary>
    public static List<GivenAnswer> AskAll(ModelFolder model, IEnumerable<HeldOutScene> scenes)
    {
        using var encoder = new VisionEncoder(model, new ExecutionSettings(2));
        using var answerer = QuestionAnswerer.Open(model, new ExecutionSettings(2), 256);
        var given = new List<GivenAnswer>();
        foreach (var scene in scenes)
        {
            var image = scene.Read();
            using var tokens = encoder.Encode(new RgbImage(image.Pixels, image.Width, image.Height));
            answerer.PrefillPicture(tokens);
            foreach (var item in scene.Questions)
            {
                var text = answerer.Ask(new Question(item.Question, AnswerKind.Text, 48)).Text;
                var scored = item.IsYesNo ? answerer.Ask(new Question(item.Question, AnswerKind.YesNo)) : null;
                given.Add(new GivenAnswer(text, text == item.Answer, scored?.Score, item.Answer == "Yes", scored?.Mass));
            }
        }

        return given;
    }

    /// <summary>Asks a question that is not a yes/no question as one, about every scene in which it can be answered.</summary>
    /// <returns>The probability of Yes and No together, for each.</returns>
    public static List<double> MassesOfColourQuestion(ModelFolder model, IEnumerable<HeldOutScene> scenes)
    {
        using var encoder = new VisionEncoder(model, new ExecutionSettings(2));
        using var answerer = QuestionAnswerer.Open(model, new ExecutionSettings(2), 256);
        var masses = new List<double>();
        foreach (var scene in scenes.Where(scene => scene.Questions.Any(item => item.Kind == "carcolor")))
        {
            var image = scene.Read();
            using var tokens = encoder.Encode(new RgbImage(image.Pixels, image.Width, image.Height));
            answerer.PrefillPicture(tokens);
            masses.Add(answerer.Ask(new Question("What colour is the car?", AnswerKind.YesNo)).Mass!.Value);
        }

        return masses;
    }
}
