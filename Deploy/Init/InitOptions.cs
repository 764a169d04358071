namespace MobileVlm.Edge.Deploy.Init;

/// <summary>The options of the command line.</summary>
/// <param name="Output">The full path of the file to write.</param>
/// <param name="Force">Whether an existing file is replaced without asking.</param>
/// <param name="Test">Whether broker, camera and model are tested.</param>
/// <param name="Broker">The broker's address; null asks.</param>
/// <param name="User">The user name at the broker.</param>
/// <param name="PasswordFile">The file with that user's password.</param>
/// <param name="CaFile">The certificate of the broker's authority.</param>
/// <param name="Cameras">The sources, each with its name; empty asks.</param>
/// <param name="Model">The model's folder; null asks.</param>
/// <param name="Question">The question about each frame; null asks.</param>
/// <param name="StateFolder">The folder for states; null asks; empty keeps nothing.</param>
/// <param name="Node">The node's name; null leaves the key out.</param>
/// <param name="Listen">The address of the page and the API; null opens no port.</param>
internal sealed record InitOptions(
    string Output, bool Force, bool Test, string? Broker, string? User, string? PasswordFile, string? CaFile,
    IReadOnlyList<InitCamera> Cameras, string? Model, string? Question, string? StateFolder, string? Node, string? Listen);
