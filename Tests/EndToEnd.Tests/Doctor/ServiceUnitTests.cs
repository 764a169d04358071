using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.EndToEnd.Tests.Doctor;

/// <summary>How the doctor reads an installed systemd unit, and how it finds what the unit hides from the service.</summary>
public sealed class ServiceUnitTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mobilevlm-unit-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_packaged_unit_is_parsed()
    {
        Assert.Null(ServiceUnit.Read(_root));
        Install();
        var unit = ServiceUnit.Read(_root)!;
        Assert.Equal(("mobilevlm", "/etc/mobilevlm/appsettings.json", "/var/lib/mobilevlm"), (unit.User, unit.ConfigurationFile, unit.StateFolder));
        Assert.True(unit is { HidesHomes: true, HidesDevices: true, IsReadOnly: true });
        Assert.Contains("/var/lib/mobilevlm", unit.WritableFolders);
    }

    [Fact]
    public void The_services_file_is_read_with_the_state_folder_that_systemd_passes_and_another_file_is_not()
    {
        Install();
        var unit = ServiceUnit.Read(_root)!;
        var sources = new ConfigurationSources("/nowhere", "/nowhere", "host", new Dictionary<string, string> { ["HOME"] = "/" });

        Assert.Equal("/var/lib/mobilevlm", StateOf("/etc/mobilevlm/appsettings.json", unit));
        Assert.Null(StateOf("/etc/mobilevlm/other.json", unit));
        Assert.Null(StateOf(null, unit));
        Assert.Null(StateOf("/etc/mobilevlm/appsettings.json", null));
        var set = sources with { Environment = new Dictionary<string, string> { [ConfigurationSources.StateVariable] = "/srv/state" } };
        Assert.Same(set, ServiceUnit.SourcesOf("/etc/mobilevlm/appsettings.json", unit, set));

        string? StateOf(string? file, ServiceUnit? installed) =>
            ServiceUnit.SourcesOf(file, installed, sources).Environment.GetValueOrDefault(ConfigurationSources.StateVariable);
    }

    [Fact]
    public void The_documented_token_file_below_the_units_state_folder_is_accepted_before_the_service_ran()
    {
        Install();
        var file = Path.Combine(_root, "appsettings.json");
        File.WriteAllText(file, Configuration("/m", null, "pattern:320x240@5", """ "Http": { "Listen": "0.0.0.0:0", "TokenFile": "/var/lib/mobilevlm/no-such-folder/http-tokens" }, """));
        var unit = Path.Combine(_root, "usr/lib/systemd/system", ServiceUnit.Name);
        File.WriteAllText(unit, File.ReadAllText(unit).Replace("/etc/mobilevlm/appsettings.json", file, StringComparison.Ordinal));
        var sources = ServiceUnit.SourcesOf(file, ServiceUnit.Read(_root), new ConfigurationSources("/nowhere", "/nowhere", "host", new Dictionary<string, string>()));

        var configuration = EdgeConfiguration.Load(file, sources, ConfigurationPurpose.Check);

        Assert.Equal("/var/lib/mobilevlm", configuration.StateFolder);
        Assert.True(configuration.ToHttpSettings()!.CreatesTokenFile);
        var unwritable = StorageChecks.Run(configuration, ServiceUnit.Read(_root), "somebody").ToList();
        Assert.DoesNotContain(unwritable, finding => finding.Kind == FindingKind.Bad);
    }

    [Fact]
    public void Drop_ins_change_the_unit()
    {
        Install();
        var folder = Directory.CreateDirectory(Path.Combine(_root, "etc/systemd/system/mobilevlm.service.d")).FullName;
        File.WriteAllText(Path.Combine(folder, "local.conf"), "[Service]\n# User=nobody\nUser=camera\nReadWritePaths=/srv/state\nProtectHome=no\n");
        File.Copy(Path.Combine(DemoModel.Repository, "Deploy/systemd/drop-ins/v4l2.conf"), Path.Combine(folder, "v4l2.conf"));
        var unit = ServiceUnit.Read(_root)!;
        Assert.Equal("camera", unit.User);
        Assert.True(unit is { HidesHomes: false, HidesDevices: false });
        Assert.Contains("/srv/state", unit.WritableFolders);
    }

    [Fact]
    public void What_the_unit_hides_from_the_service_is_found()
    {
        Install("User=root");
        var found = Check("/home/me/model", "/home/me/state", "/dev/video0");
        Assert.All(found, finding => Assert.Equal(FindingKind.Bad, finding.Kind));
        Assert.Contains(found, it => it.Found.Contains("Model:Path '/home/me/model' is in a home folder", StringComparison.Ordinal));
        Assert.Contains(found, it => it.Found.Contains("StateFolder '/home/me/state' cannot be written inside the unit", StringComparison.Ordinal));
        Assert.Contains(found, it => it.Found.Contains("camera gate: the unit hides devices", StringComparison.Ordinal));
        Assert.Equal(3, found.Count);

        Assert.Equal(FindingKind.Fine, Assert.Single(Check("/var/lib/mobilevlm/model", "/var/lib/mobilevlm/state", "pattern:320x240@5")).Kind);
    }

    [Fact]
    public void A_user_that_does_not_exist_is_found()
    {
        Install("User=no-such-user-here");
        Assert.Contains("the user 'no-such-user-here', which the unit names, does not exist", Assert.Single(Check("/m", null, "pattern:320x240@5")).Found, StringComparison.Ordinal);
    }

    [RootFact]
    public void A_model_that_the_services_user_cannot_read_is_found_by_root()
    {
        Install("User=nobody");
        var model = Directory.CreateDirectory(Path.Combine(_root, "model")).FullName;
        File.WriteAllText(Path.Combine(model, "model.json"), "{}");
        File.SetUnixFileMode(_root, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains(Check(model, null, "pattern:320x240@5"), it => it.Found == $"Model:Path '{model}' cannot be read by 'nobody'");

        File.SetUnixFileMode(_root, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(model, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(Path.Combine(model, "model.json"), (UnixFileMode)0b110_100_100);
        Assert.Equal(FindingKind.Fine, Assert.Single(Check(model, null, "pattern:320x240@5")).Kind);
    }

    private void Install(string more = "")
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, "usr/lib/systemd/system")).FullName;
        var unit = File.ReadAllText(Path.Combine(DemoModel.Repository, "Deploy/systemd/mobilevlm.service"));
        File.WriteAllText(Path.Combine(folder, ServiceUnit.Name), $"{unit}\n[Service]\n{more}\n");
    }

    private static string Configuration(string model, string? state, string source, string more = "") => $$"""
        { "MobileVlm": { {{(state is null ? "" : $"\"StateFolder\": \"{state}\",")}} {{more}} "Model": { "Path": "{{model}}" }, "Mqtt": { "Broker": "embedded" },
          "Cameras": { "gate": { "Source": "{{source}}", "Questions": { "person": { "Ask": "Is there a person?", "Answer": "YesNo" } } } } } }
        """;

    private List<Finding> Check(string model, string? state, string source)
    {
        var configuration = EdgeConfiguration.FromJson(
            Configuration(model, state, source),
            new ConfigurationSources("/nowhere", "/nowhere", "host", new Dictionary<string, string>()));
        return [.. ServiceUserChecks.Run(configuration, ServiceUnit.Read(_root)!, "root")];
    }
}

/// <summary>A test that changes users; it is skipped unless root runs it.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (Environment.UserName != "root")
        {
            Skip = "Needs root.";
        }
    }
}
