using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;
using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>The scenes on which taught questions are measured are like those for which the demo's model was trained: it answers questions that
/// it knows about them.</summary>
public sealed class RenderedSceneTests
{
    private static readonly (string Question, Func<RenderedScene, bool> IsYes)[] Known =
    [
        ("Is there a person in the picture?", scene => scene.People.Length > 0),
        ("Is there a car?", scene => scene.Cars.Length > 0),
        ("Is the gate open?", scene => scene.IsGateOpen),
        ("Is it night?", scene => scene.IsNight),
        ("Is there a dog?", scene => scene.Dog is not null),
        ("Is there a package?", scene => scene.Package is not null),
        ("Is there smoke?", scene => scene.Fire is not null),
    ];

    [Fact]
    public void The_demo_model_answers_what_it_knows_about_rendered_scenes()
    {
        const int Scenes = 30;
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings());
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings());
        Question[] questions = [.. Known.Select(it => new Question(it.Question, AnswerKind.YesNo)), new Question("What color is the car?", AnswerKind.Text)];
        var (right, colors) = (0, 0);
        for (var seed = 0; seed < Scenes; seed++)
        {
            var scene = RenderedScene.Of(seed, cars: 1);
            using var tokens = encoder.Encode(new RgbImage(scene.Render(), RenderedScene.Width, RenderedScene.Height));
            answerer.AskAbout(tokens, questions, (at, answer) =>
            {
                if (at < Known.Length)
                {
                    right += (answer.Value == "yes") == Known[at].IsYes(scene) ? 1 : 0;
                }
                else
                {
                    colors += answer.Text.Contains(scene.Cars[0].Color, StringComparison.Ordinal) ? 1 : 0;
                }
            });
        }

        Assert.InRange(right / (double)(Scenes * Known.Length), 0.96, 1);
        Assert.InRange(colors / (double)Scenes, 0.9, 1);
    }

    [Fact]
    public void A_seed_gives_the_same_scene_again_and_its_description_names_what_is_in_it()
    {
        Assert.Equal(RenderedScene.Of(7).Render(), RenderedScene.Of(7).Render());
        Assert.NotEqual(RenderedScene.Of(7).Render(), RenderedScene.Of(8).Render());
        foreach (var scene in Enumerable.Range(0, 200).Select(seed => RenderedScene.Of(seed)))
        {
            Assert.Equal(scene.People.Length > 1, TeachTable.Cases[0].IsYes(scene.Description));
            Assert.Equal(scene.Cars.Length > 1, TeachTable.Cases[1].IsYes(scene.Description));
            Assert.Equal(scene.Cars.Length == 1 ? scene.Cars[0].Color == "white" : null, TeachTable.Cases[2].IsYes(scene.Description));
        }
    }
}
