using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Rules;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Asks for what the command line does not set, tests each answer and writes the file.</summary>
internal sealed class InitRun(InitOptions given, InitConsole console, CancellationToken cancel)
{
    private const string PullHint = "mobilevlm model pull mtgv/MobileVLM_V2-1.7B ~/models/v2-1.7b";

    private readonly string _folder = Path.GetDirectoryName(given.Output)!;

    private readonly PasswordFiles _passwords = new(Path.GetDirectoryName(given.Output)!);

    /// <summary>Runs the dialog and writes the file.</summary>
    /// <exception cref="UsageException">Something is missing or cannot be used, and no user can be asked.</exception>
    public async Task<int> RunAsync()
    {
        if (!console.CanAsk)
        {
            RequireAll();
        }

        if (File.Exists(given.Output) && !given.Force
            && !(console.CanAsk && await console.ConfirmAsync($"{given.Output} exists. Replace it, and keep a copy?")))
        {
            throw new UsageException($"{given.Output} exists; --force replaces it, --output FILE writes another. Nothing was written.");
        }

        if (StateAccess.FindWriteError(_folder) is { } error)
        {
            throw new UsageException($"{given.Output} cannot be written: {error}; --output FILE writes another. Nothing was written.");
        }

        var answers = new InitAnswers { Node = given.Node, Listen = given.Listen, TokenFile = TokenFile.For(given.Listen, given.Output, given.StateFolder is { Length: > 0 } state ? FullPath(state) : null) };
        try
        {
            answers = await BrokerAsync(answers);
            answers = await CamerasAsync(answers);
            answers = await ModelAsync(answers);
            answers = answers with
            {
                Question = given.Question ?? (console.CanAsk
                    ? await console.AskAsync("What to ask about each frame", InitAnswers.DefaultQuestion)
                    : InitAnswers.DefaultQuestion),
                StateFolder = await StateFolderAsync(),
            };
            Check(answers);
            Write(answers);
        }
        finally
        {
            _passwords.DeleteOthers();
        }

        return ExitCode.Done;
    }

    /// <summary>Reports all missing options at once, so that one more run is enough.</summary>
    private void RequireAll()
    {
        var missing = new List<string>();
        Require(given.Broker is not null, "--broker URL ('embedded' is a broker inside the service)");
        Require(given.Cameras.Count > 0, "--camera SOURCE (rtsp://..., /dev/video0, a file, a folder)");
        Require(given.Model is not null, "--model DIR (the folder of an imported model)");
        if (missing.Count > 0)
        {
            throw new UsageException($"No user can be asked (no terminal, or --yes). Missing: {string.Join(", ", missing)}. Nothing was written.");
        }

        void Require(bool isGiven, string option)
        {
            if (!isGiven)
            {
                missing.Add(option);
            }
        }
    }

    private async Task<InitAnswers> BrokerAsync(InitAnswers answers)
    {
        for (var broker = given.Broker; ; broker = null)
        {
            var tried = WithLogin(
                answers with { User = given.User, PasswordFile = FullPath(given.PasswordFile), CaFile = FullPath(given.CaFile) },
                broker ?? await console.AskAsync("MQTT broker: 'embedded' (inside the service) or mqtt://HOST", "embedded"));
            if (ErrorsIn(tried) is { } errors)
            {
                Refuse(errors);
                continue;
            }

            if (!given.Test)
            {
                return tried;
            }

            InitConsole.WriteLine(BrokerAddress.IsEmbedded(tried.Broker) ? "Checking whether the embedded broker can start ..." : $"Connecting to {tried.Broker} ...");
            var (finding, refused) = await ConfiguredChecks.TryBrokerAsync(Load(tried), cancel);
            if (refused && console.CanAsk && tried.User is null)
            {
                Show(finding);
                tried = WithPassword(tried with { User = await console.AskAsync("User at the broker", null) }, await console.AskSecretAsync("Password"));
                (finding, _) = await ConfiguredChecks.TryBrokerAsync(Load(tried), cancel);
            }

            if (await AcceptAsync(finding))
            {
                return tried;
            }
        }
    }

    private async Task<InitAnswers> CamerasAsync(InitAnswers answers)
    {
        var dialog = new CameraDialog(console, _passwords, search: given.Test, cancel);
        var cameras = new List<InitCamera>();
        foreach (var camera in given.Cameras)
        {
            if (!await TryCameraAsync(answers, camera))
            {
                throw new OperationCanceledException();
            }

            cameras.Add(camera);
        }

        while (cameras.Count == 0 || (given.Cameras.Count == 0 && console.CanAsk && await console.ConfirmAsync("Another camera?")))
        {
            var source = SourceOf(Expand(await dialog.AskSourceAsync()));
            var name = await console.AskAsync("Its name in topics", cameras.Count == 0 ? "camera" : $"camera{cameras.Count + 1}");
            if (cameras.Any(it => it.Name == name))
            {
                InitConsole.WriteLine($"There is a camera '{name}' already.");
                continue;
            }

            // The name becomes part of a file name, so it is validated first.
            var camera = new InitCamera(name, source);
            if (ErrorsIn(answers with { Cameras = [camera] }) is { } errors)
            {
                Refuse(errors);
                continue;
            }

            camera = await dialog.WithPasswordAsync(camera);
            if (await TryCameraAsync(answers, camera))
            {
                cameras.Add(camera);
            }
        }

        return answers with { Cameras = cameras };
    }

    private async Task<bool> TryCameraAsync(InitAnswers answers, InitCamera camera)
    {
        var tried = answers with { Cameras = [camera] };
        if (ErrorsIn(tried) is { } errors)
        {
            Refuse(errors);
            return false;
        }

        if (!given.Test)
        {
            return true;
        }

        InitConsole.WriteLine($"Opening camera {camera.Name} ...");
        return await AcceptAsync(await ConfiguredChecks.TryCameraAsync(Load(tried).ToCameraSettings()[0], cancel));
    }

    private async Task<InitAnswers> ModelAsync(InitAnswers answers)
    {
        for (var model = given.Model; ; model = null)
        {
            var tried = answers with { Model = FullPath(Expand(model ?? await AskModelAsync()))! };
            if (ErrorsIn(tried) is { } errors)
            {
                Refuse(errors);
                continue;
            }

            if (!given.Test)
            {
                return tried;
            }

            InitConsole.WriteLine($"Opening model {tried.Model} ...");
            var findings = await Task.Factory.StartNew(
                () => ConfiguredChecks.TryModel(Load(tried), cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            if (await AcceptAsync(findings))
            {
                return tried;
            }
        }
    }

    private async Task<string> AskModelAsync()
    {
        var found = ImportedModels.Find(_folder);
        if (found.Count == 0)
        {
            InitConsole.WriteLine($"No imported model was found. To get one, in another terminal: {PullHint}");
        }
        else if (found.Count > 1)
        {
            InitConsole.WriteLine($"Imported models: {string.Join(", ", found)}");
        }

        return await console.AskAsync("Folder of an imported model", found.Count > 0 ? found[0] : null);
    }

    private async Task<string?> StateFolderAsync()
    {
        if (given.StateFolder is { } named)
        {
            return named.Length > 0 ? FullPath(Expand(named)) : null;
        }

        // The installed service receives its folder from systemd.
        if (!console.CanAsk || ServiceUnit.Read()?.ConfigurationFile == given.Output)
        {
            return null;
        }

        var home = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state
            ? state
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        var answer = await console.AskAsync("Folder in which states survive a restart ('none' for none)", Path.Combine(home, "mobilevlm"));
        return answer.Equals("none", StringComparison.OrdinalIgnoreCase) ? null : FullPath(Expand(answer));
    }

    private void Write(InitAnswers answers)
    {
        var copy = InitFile.Write(given.Output, InitFile.Text(answers));
        foreach (var name in (string?[])[answers.PasswordFile, .. answers.Cameras.Select(it => it.PasswordFile)])
        {
            if (name is not null && _passwords.Keep(name) is { } file)
            {
                InitConsole.WriteLine($"Wrote {file}: a password, readable by you alone.");
            }
        }

        if (copy is not null)
        {
            InitConsole.WriteLine($"The earlier file is now {copy}.");
        }

        if (answers.TokenFile is { } tokens)
        {
            InitConsole.WriteLine($"The page and the API need a token: the service writes one to {tokens} at its first start.");
        }

        InitConsole.WriteLine($"Wrote {given.Output}, readable by you alone.");
        InitConsole.WriteLine("");
        var program = Program();
        InitConsole.WriteLine($"Next:        {program} run --config {given.Output}");
        InitConsole.WriteLine($"See it run:  {program} watch --config {given.Output}");
    }

    /// <summary>The command with which a shell finds this program: an unpacked or built one is usually not in the PATH.</summary>
    private static string Program()
    {
        const string Name = "mobilevlm";
        var folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        var own = Path.Combine(AppContext.BaseDirectory, Name);
        return folders.Any(folder => File.Exists(Path.Combine(folder, Name))) || !File.Exists(own) ? Name
            : Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory) == Environment.CurrentDirectory ? $"./{Name}"
            : own;
    }

    /// <summary>Shows the findings. Returns true if the test succeeded or the user accepts its failure.</summary>
    private async Task<bool> AcceptAsync(params IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
        {
            Show(finding);
        }

        if (findings.All(it => it.Kind != FindingKind.Bad))
        {
            return true;
        }

        if (!console.CanAsk)
        {
            throw new IOException("The test failed; --no-test writes the file without tests. Nothing was written.");
        }

        return await console.ConfirmAsync("Use it anyway?");
    }

    private static void Show(Finding finding)
    {
        var kind = finding.Kind switch { FindingKind.Fine => "ok", FindingKind.Note => "note", _ => "bad" };
        InitConsole.WriteLine($"  {kind,-4} {finding.What}: {finding.Found}{(finding.Remedy is { } remedy ? $"\n       -> {remedy}" : "")}");
    }

    private void Check(InitAnswers answers)
    {
        if (ErrorsIn(answers) is { } errors)
        {
            throw new UsageException($"{errors} Nothing was written.");
        }
    }

    private void Refuse(string errors)
    {
        if (!console.CanAsk)
        {
            throw new UsageException($"{errors}. Nothing was written.");
        }

        InitConsole.WriteLine($"  {errors}");
    }

    private string? ErrorsIn(InitAnswers answers)
    {
        try
        {
            Load(answers);
            return null;
        }
        catch (ConfigurationException invalid)
        {
            return string.Join("; ", invalid.Errors.Select(it => (it with { Origin = null }).ToString()));
        }
    }

    private EdgeConfiguration Load(InitAnswers answers) => EdgeConfiguration.FromJson(
        InitFile.Text(answers),
        ConfigurationSources.OfThisProcess() with { CurrentFolder = _folder, Environment = StateOf(answers) });

    /// <summary>The folder that the service creates its token in, as systemd or the file will name it.</summary>
    private static Dictionary<string, string> StateOf(InitAnswers answers) => answers.TokenFile is { } file
        ? new() { [ConfigurationSources.StateVariable] = Path.GetDirectoryName(file)! }
        : [];

    /// <summary>Moves a user and password from the address, where people often write them, into their own keys.</summary>
    private InitAnswers WithLogin(InitAnswers answers, string broker)
    {
        var address = broker.Contains("://", StringComparison.Ordinal) || BrokerAddress.IsEmbedded(broker) ? broker : $"mqtt://{broker}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.UserInfo.Length == 0)
        {
            return answers with { Broker = address };
        }

        var parts = uri.UserInfo.Split(':', 2);
        var bare = answers with { Broker = $"{uri.Scheme}://{uri.Authority}", User = Uri.UnescapeDataString(parts[0]) };
        return parts.Length == 2 ? WithPassword(bare, Uri.UnescapeDataString(parts[1])) : bare;
    }

    /// <summary>Writes the password into its own file at once, because the connection test reads it from there too.</summary>
    private InitAnswers WithPassword(InitAnswers answers, string password) =>
        answers with { PasswordFile = _passwords.Write("mqtt", password) };

    /// <summary>Resolves files and folders relative to the current folder, because in the file they are relative to the file's
    /// folder.</summary>
    public static string SourceOf(string source) => Path.Exists(source) ? Path.GetFullPath(source) : source;

    private static string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path);

    private static string Expand(string path) => path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
        : path;
}
