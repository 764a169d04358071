using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary>Questions from a command line.</summary>
internal static class AskedQuestions
{
    /// <summary>Refuses questions that are probably a mistake.</summary>
    /// <exception cref="UsageException">A question has no visible character; the model would answer it nevertheless. Or a question
    /// is an image file, because a shell has expanded <c>--image *.jpg</c>.</exception>
    public static void Check(IEnumerable<string> questions)
    {
        foreach (var question in questions)
        {
            if (!QuestionText.HasText(question))
            {
                throw new UsageException("A question is empty. Write it as for a person, in quotes: \"Is there a person?\"");
            }

            if (ImageCodec.Extensions.Contains(Path.GetExtension(question), StringComparer.OrdinalIgnoreCase) && File.Exists(question))
            {
                throw new UsageException(
                    $"'{question}' is an image file where a question is expected. The command takes one image: "
                    + "run it once for each.");
            }
        }
    }
}
