using System.CommandLine;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>Examples in the help of a command. They are not part of its description, because the help of the program shows one line for each
/// command.</summary>
internal static class HelpExamples
{
    private static readonly Dictionary<string, string> Examples = new()
    {
        ["scan"] = """
            Example, a timeline as text and as a page:
              mobilevlm scan night.mp4 --model DIR --ask "Is there a person?" --html report.html

            Two questions of different kinds, every half second of ten minutes, for a program:
              mobilevlm scan gate.mp4 --model DIR --ask "Is the gate open?" --answer YesNo
                --ask "What colour is the car?" --answer Choice --choices "red,blue,white"
                --every 500ms --from 00:10:00 --to 00:20:00 --json
            """,
        ["backup"] = """
            Example:
              sudo mobilevlm backup /var/backups/mobilevlm.zip --config /etc/mobilevlm/appsettings.json

            Also the history, which needs a stopped service:
              sudo systemctl stop mobilevlm
              sudo mobilevlm backup /mnt/usb/mobilevlm.zip --history --config /etc/mobilevlm/appsettings.json
              sudo systemctl start mobilevlm
            """,
        ["restore"] = """
            Is the backup intact, and what would it replace? Changes nothing:
              mobilevlm restore backup.zip --dry-run --config /etc/mobilevlm/appsettings.json

            Restore it:
              sudo systemctl stop mobilevlm
              sudo mobilevlm restore backup.zip --config /etc/mobilevlm/appsettings.json
              sudo systemctl start mobilevlm
            """,
        ["ask"] = """
            Example:
              mobilevlm ask --model DIR --image gate.jpg --yes-no "Is there a person?"

            Before a question goes into a configuration, on pictures with yes and no:
              mobilevlm ask --model DIR --check --image PICTURES "Is there a person?"
            """,
    };

    /// <summary>Adds the examples of a command to what its help shows.</summary>
    public static void AddTo(Command command)
    {
        if (Examples.TryGetValue(command.Name, out var example))
        {
            command.Description = $"{command.Description}\n\n{example}";
        }
    }
}
